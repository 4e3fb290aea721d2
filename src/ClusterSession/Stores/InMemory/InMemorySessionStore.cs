using System.Text;
using ClusterSession.Sessions;

namespace ClusterSession.Stores.InMemory;

/// <summary>
/// Sessions in the memory of one process, for development and tests, and the model the other stores are compared with. Several
/// nodes of one process share sessions by sharing their <see cref="InMemorySessions"/>.
/// </summary>
public sealed class InMemorySessionStore : IClusterSessionStore
{
    private static ReadOnlySpan<byte> Successor => "successor"u8;

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

    internal ISessionObserver? Observer { get; private set; }

    /// <inheritdoc/>
    public void Observe(ISessionObserver observer) => Observer = observer;

    /// <inheritdoc/>
    public ValueTask<StoreRead> ReadAsync(SessionKey key, SessionVersion known, CancellationToken cancellationToken) =>
        new(_sessions.Read(key) switch
        {
            (null, _) => StoreRead.Missing(SessionLease.Always),
            ({ IsDestroyed: true } tombstone, var life) => StoreRead.DestroyedBy(SuccessorOf(tombstone), life),
            var (record, left) when !known.IsNone && record.Version == known => StoreRead.Unchanged(SessionLease.Always, left),
            var (record, left) => StoreRead.Found(record, SessionLease.Always, left),
        });

    /// <inheritdoc/>
    public ValueTask<StoreCommit> CommitAsync(SessionKey key, SessionChange change, CancellationToken cancellationToken) =>
        new(_sessions.Update(key, change.Life, change.LeastLife, this, (stored, _) =>
        {
            if (stored is null or { IsDestroyed: true })
            {
                return (null, Refused(stored));
            }

            if (stored.IndexInLineage(change.Version) is var index and >= 0)
            {
                // Of a commit that others have followed, base and change are not what is stored: no lease for that copy.
                var previous = index + 1 < stored.LineageLength ? stored.Lineage(index + 1) : SessionVersion.None;
                return (null, StoreCommit.Answered(StoreCommitOutcome.Committed, previous, index == 0 ? SessionLease.Always : SessionLease.None));
            }

            if (stored.Version.Stamp >= change.Version.Stamp || (change.OnlyOnBase && stored.Version != change.Base))
            {
                return (null, StoreCommit.Answered(StoreCommitOutcome.Superseded, stored.Version, SessionLease.None));
            }

            var changed = Forget(change.Delta.ApplyTo(stored, change.Version), change);
            return (changed, Committed(stored.Version) with { IsBaseMissing = !stored.Contains(change.Base) });
        }));

    /// <inheritdoc/>
    public ValueTask<StoreCommit> MergeAsync(SessionKey key, SessionCopy copy, CancellationToken cancellationToken) =>
        new(_sessions.Update(key, copy.Life, copy.Life, this, (stored, _) =>
        {
            switch (stored)
            {
                case null when copy.Mode == SessionCopyMode.Amend:
                case { IsDestroyed: true }:
                    return (null, Refused(stored));
                case null:
                    return (copy.Record, Committed(SessionVersion.None));
            }

            if (copy.Mode == SessionCopyMode.Amend && !stored.Contains(copy.Base))
            {
                return (null, Refused(null));
            }

            if (copy.Mode == SessionCopyMode.Create && stored.IndexInLineage(copy.Record.Version) < 0)
            {
                return (null, StoreCommit.Answered(StoreCommitOutcome.Collision, SessionVersion.None, SessionLease.None));
            }

            var merged = SessionRecord.Merge(stored, copy.Record);
            if (merged.HasSameContent(stored) && merged.HasSameLineage(stored))
            {
                return (null, StoreCommit.Answered(StoreCommitOutcome.Unchanged, stored.Version, SessionLease.Always));
            }

            if (stored.Version.Stamp >= copy.Version.Stamp)
            {
                return (null, StoreCommit.Answered(StoreCommitOutcome.Superseded, stored.Version, SessionLease.None));
            }

            return (new SessionDelta().ApplyTo(merged, copy.Version), Committed(stored.Version));
        }));

    /// <inheritdoc/>
    public ValueTask<StoreCommit> DestroyAsync(
        SessionKey key, SessionEnd end, TimeSpan tombstoneLife, CancellationToken cancellationToken) =>
        new(_sessions.Update(key, tombstoneLife, TimeSpan.MaxValue, this, (stored, _) =>
        {
            if (stored is { IsDestroyed: true })
            {
                return (null, stored.Version == end.Version ? Committed(SessionVersion.None) : Refused(stored));
            }

            if (stored is not null && !end.Expected.IsNone && stored.Version != end.Expected)
            {
                return (null, StoreCommit.Answered(StoreCommitOutcome.Superseded, stored.Version, SessionLease.None));
            }

            using var builder = SessionRecordBuilder.Rent();
            builder.SetHeader(SessionRecord.DestroyedFlag, stored?.Created ?? DateTimeOffset.UnixEpoch);
            builder.AddLineage(end.Version);
            if (end.Successor is { } successor)
            {
                builder.Add(Successor, end.Version, 0, Encoding.UTF8.GetBytes(successor.ToString()));
            }

            return (builder.Build(), Committed(stored?.Version ?? SessionVersion.None));
        }));

    /// <inheritdoc/>
    public ValueTask<StoreTouch> TouchAsync(SessionKey key, TimeSpan life, TimeSpan leastLife, CancellationToken cancellationToken) =>
        new(_sessions.Update(key, life, leastLife, this, (stored, isProlonged) => stored switch
        {
            null => ((SessionRecord?)null, StoreTouch.Missing),
            { IsDestroyed: true } => (null, StoreTouch.Destroyed),
            _ => (stored, isProlonged ? StoreTouch.Touched : StoreTouch.Kept),
        }));

    /// <inheritdoc/>
    public ValueTask<StoreShared> ReadSharedAsync(string name, CancellationToken cancellationToken) =>
        new(new StoreShared(_sessions.Shared.GetValueOrDefault(name), StoreFailure.None, SessionLease.Always));

    /// <inheritdoc/>
    public ValueTask<StoreShared> CompareExchangeSharedAsync(
        string name, ReadOnlyMemory<byte>? expected, ReadOnlyMemory<byte> value, CancellationToken cancellationToken)
    {
        lock (_sessions.Shared)
        {
            var stored = _sessions.Shared.GetValueOrDefault(name);
            if (expected is { } bytes ? stored is not null && stored.AsSpan().SequenceEqual(bytes.Span) : stored is null)
            {
                stored = _sessions.Shared[name] = value.ToArray();
                _sessions.AnnounceShared(name, this);
            }

            return new(new StoreShared(stored, StoreFailure.None, SessionLease.Always));
        }
    }

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

    private static StoreCommit Committed(SessionVersion previous) =>
        StoreCommit.Answered(StoreCommitOutcome.Committed, previous, SessionLease.Always);

    private static StoreCommit Refused(SessionRecord? stored) => stored is null
        ? StoreCommit.Answered(StoreCommitOutcome.Missing, SessionVersion.None, SessionLease.None)
        : StoreCommit.Answered(StoreCommitOutcome.Destroyed, stored.Version, SessionLease.None) with { Successor = SuccessorOf(stored) };

    private static SessionSuccessor? SuccessorOf(SessionRecord tombstone)
    {
        foreach (var attribute in tombstone)
        {
            if (attribute.NameUtf8.SequenceEqual(Successor) && SessionSuccessor.TryParse(attribute.Payload, out var successor))
            {
                return successor;
            }
        }

        return null;
    }

    private static SessionRecord Forget(SessionRecord record, in SessionChange change)
    {
        if (change.Forgotten.Count == 0)
        {
            return record;
        }

        using var builder = SessionRecordBuilder.Rent();
        builder.SetHeader(record.Flags, record.Created);
        builder.AddLineage(record);
        foreach (var attribute in record)
        {
            if (attribute.Exists || attribute.Version > change.Base || !change.Forgotten.Contains(attribute.Name))
            {
                builder.Add(attribute.NameUtf8, attribute.Version, attribute.Flags, attribute.Payload, attribute.Large);
            }
        }

        return builder.Build();
    }
}
