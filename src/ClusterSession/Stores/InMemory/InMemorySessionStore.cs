using ClusterSession.Records;

namespace ClusterSession.Stores.InMemory;

/// <summary>
/// Sessions in the memory of one process, for development and tests, and the model the other stores are compared with. Several
/// nodes of one process share sessions by sharing their <see cref="InMemorySessions"/>.
/// </summary>
public sealed class InMemorySessionStore : IClusterSessionStore
{
    private readonly InMemorySessions _sessions;

    /// <summary>Makes a node's view of shared sessions.</summary>
    /// <param name="sessions">The shared sessions.</param>
    public InMemorySessionStore(InMemorySessions sessions)
    {
        ArgumentNullException.ThrowIfNull(sessions);
        _sessions = sessions;
        sessions.Add(this);
    }

    /// <inheritdoc/>
    public string Name => "memory";

    internal IStoreObserver? Observer { get; private set; }

    /// <inheritdoc/>
    public void Observe(IStoreObserver observer) => Observer = observer;

    /// <inheritdoc/>
    public ValueTask<StoreRead> ReadAsync(SessionKey key, SessionVersion known, CancellationToken cancellationToken) =>
        new(_sessions.Read(key) switch
        {
            (null, _) => StoreRead.Missing(SessionLease.Always),
            ({ End: { } end }, var life) => StoreRead.DestroyedBy(end.Successor, life),
            ({ Record: var record }, var left) when !known.IsNone && record.Version == known =>
                StoreRead.Unchanged(SessionLease.Always, left),
            ({ Record: var record }, var left) => StoreRead.Found(record, SessionLease.Always, left),
        });

    /// <inheritdoc/>
    public ValueTask<StoreWrite> CommitAsync(SessionKey key, SessionChange change, CancellationToken cancellationToken) =>
        new(_sessions.Update(key, change.Life, change.LeastLife, this, (stored, _) => Answered(StoredSession.Commit(stored, change))));

    /// <inheritdoc/>
    public ValueTask<StoreWrite> MergeAsync(SessionKey key, SessionMerge copy, CancellationToken cancellationToken) =>
        new(_sessions.Update(key, copy.Life, copy.Life, this, (stored, _) => Answered(StoredSession.Merge(stored, copy))));

    /// <inheritdoc/>
    public ValueTask<StoreWrite> DestroyAsync(
        SessionKey key, SessionEnd end, TimeSpan tombstoneLife, CancellationToken cancellationToken) =>
        new(_sessions.Update(key, tombstoneLife, TimeSpan.MaxValue, this, (stored, _) => Answered(StoredSession.Destroy(stored, end))));

    /// <inheritdoc/>
    public ValueTask<StoreTouch> TouchAsync(SessionKey key, TimeSpan life, TimeSpan leastLife, CancellationToken cancellationToken) =>
        new(_sessions.Update(key, life, leastLife, this, (stored, isProlonged) => stored switch
        {
            null => ((StoredSession?)null, StoreTouch.Missing),
            { End: not null } => (null, StoreTouch.Destroyed),
            _ => (stored, isProlonged ? StoreTouch.Touched : StoreTouch.Kept),
        }));

    /// <inheritdoc/>
    public ValueTask<StoreDocument> ReadDocumentAsync(
        string name, DocumentPosition known, CancellationToken cancellationToken) =>
        new(_sessions.Documents.Read(name, known));

    /// <inheritdoc/>
    public ValueTask<StoreDocument> MergeDocumentAsync(
        string name, IReadOnlyList<DocumentElement> elements, TimeSpan life, CancellationToken cancellationToken)
    {
        var answer = _sessions.Documents.Merge(name, elements, life, out var isChanged);
        if (isChanged)
        {
            _sessions.AnnounceDocument(name, this);
        }

        return new(answer);
    }

    private static (StoredSession? Next, StoreWrite Answer) Answered((StoredSession? Next, StoredAnswer Answer) step) =>
        (step.Next, StoreWrite.Answered(step.Answer, SessionLease.Always));
}
