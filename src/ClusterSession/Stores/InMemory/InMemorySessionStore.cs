using ClusterSession.Records;

namespace ClusterSession.Stores.InMemory;

/// <summary>
/// Sessions in the memory of one process, for development and tests, and the model the other stores
/// are compared with. Several nodes of one process share sessions by sharing their
/// <see cref="InMemorySessions"/>.
/// </summary>
public sealed class InMemorySessionStore : IClusterSessionStore, IDisposable
{
    private readonly InMemorySessions _sessions;
    private readonly InMemoryChannel _channel;

    /// <summary>Makes a node's view of shared sessions.</summary>
    /// <param name="sessions">The shared sessions.</param>
    public InMemorySessionStore(InMemorySessions sessions)
    {
        ArgumentNullException.ThrowIfNull(sessions);
        _sessions = sessions;
        _channel = new InMemoryChannel(sessions);
        Directory = new InMemoryDirectory(sessions);
    }

    /// <inheritdoc/>
    public string Name => "memory";

    /// <inheritdoc/>
    public ISessionDirectory Directory { get; }

    /// <inheritdoc/>
    public IStoreChannel Channel => _channel;

    internal IStoreObserver? Observer { get; private set; }

    /// <inheritdoc/>
    public ValueTask StartAsync(IStoreObserver observer, CancellationToken cancellationToken)
    {
        Observer = observer;
        _sessions.Add(this);
        return ValueTask.CompletedTask;
    }

    /// <inheritdoc/>
    public ValueTask<StoreRead> ReadAsync(SessionKey key, SessionVersion known, StoreDeadline deadline) =>
        new(
            _sessions.Read(key) switch
            {
                (null, _) => StoreRead.Missing(SessionLease.Always),
                ({ End: { } end }, var life) => StoreRead.DestroyedBy(end.Successor, life),
                ({ Record: var record }, var left) when !known.IsNone && record.Version == known => StoreRead.Unchanged(
                    SessionLease.Always,
                    left
                ),
                ({ Record: var record }, var left) => StoreRead.Found(record, SessionLease.Always, left),
            }
        );

    /// <inheritdoc/>
    public ValueTask<StoreWrite> CommitAsync(SessionKey key, SessionChange change, StoreDeadline deadline) =>
        new(
            _sessions.Update(key, change.Life, change.LeastLife, this, (stored, _) =>
                Answered(StoredSession.Commit(stored, change))
            )
        );

    /// <inheritdoc/>
    public ValueTask<StoreWrite> MergeAsync(SessionKey key, SessionMerge copy, StoreDeadline deadline) =>
        new(_sessions.Update(key, copy.LifeLeft, copy.LifeLeft, this, (stored, isProlonged) =>
            {
                var (next, answer) = StoredSession.Merge(stored, copy);
                var isSame = answer.Outcome == WriteOutcome.Unchanged; // But used later, perhaps.
                return Answered((isSame && isProlonged ? stored : next, answer));
            }));

    /// <inheritdoc/>
    public ValueTask<StoreWrite> DestroyAsync(
        SessionKey key,
        SessionEnd end,
        TimeSpan tombstoneLife,
        StoreDeadline deadline
    ) =>
        new(
            _sessions.Update(key, tombstoneLife, TimeSpan.MaxValue, this, (stored, _) =>
                Answered(StoredSession.Destroy(stored, end))
            )
        );

    /// <inheritdoc/>
    public ValueTask<StoreTouch> TouchAsync(
        SessionKey key,
        TimeSpan life,
        TimeSpan leastLife,
        StoreDeadline deadline
    ) => new(_sessions.Update(key, life, leastLife, this, (stored, isProlonged) => stored switch
                {
                    null => ((StoredSession?)null, StoreTouch.Missing),
                    { End: not null } => (null, StoreTouch.Destroyed),
                    _ => (
                        stored,
                        isProlonged ? StoreTouch.Touched(stored.Record.Version) : StoreTouch.Kept(stored.Record.Version)
                    ),
                }));

    /// <inheritdoc/>
    public ValueTask<StoreDocument> ReadDocumentAsync(string name, DocumentPosition known, StoreDeadline deadline) =>
        new(_sessions.Documents.Read(name, known));

    /// <inheritdoc/>
    public ValueTask<StoreDocument> MergeDocumentAsync(
        string name,
        IReadOnlyList<DocumentElement> elements,
        TimeSpan life,
        StoreDeadline deadline
    )
    {
        var answer = _sessions.Documents.Merge(name, elements, life, out var isChanged);
        if (isChanged)
        {
            _sessions.AnnounceDocument(name, this);
        }

        return new(answer);
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync()
    {
        Dispose();
        return ValueTask.CompletedTask;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _sessions.Remove(this);
        _channel.Close();
        Observer = null;
    }

    private static (StoredSession? Next, StoreWrite Answer) Answered((StoredSession? Next, StoredAnswer Answer) step) =>
        (step.Next, StoreWrite.Answered(step.Answer, SessionLease.Always));
}
