using System.Runtime.CompilerServices;
using ClusterSession.Ends;
using ClusterSession.Records;
using ClusterSession.Stores;

namespace ClusterSession.ChaosNode.Broken;

/// <summary>
/// A store between the node and the real one that leaves out what a broken build would leave out.
/// </summary>
internal sealed class BrokenStore(IClusterSessionStore inner, BrokenPart broken, ClusterSessionOptions options)
    : IClusterSessionStore
{
    // A document of its own for each process: what the others put there, it does not see.
    private readonly string _ends = broken.HasFlag(BrokenPart.Ends)
        ? $"{SharedEnds.DocumentName}-{Guid.NewGuid():N}"
        : SharedEnds.DocumentName;

    private readonly ConditionalWeakTable<SessionLease, SessionLease> _believed = [];

    public string Name => inner.Name;

    public ISessionDirectory? Directory => inner.Directory;

    public IStoreInspection? Inspection => inner.Inspection;

    public IStoreChannel? Channel => broken.HasFlag(BrokenPart.Asking) ? null : inner.Channel;

    public IReadOnlyList<StorePartition> Partitions => inner.Partitions;

    public int PartitionOf(SessionKey key) => inner.PartitionOf(key);

    public int PartitionOfDocument(string name) => inner.PartitionOfDocument(Stored(name));

    public ValueTask StartAsync(IStoreObserver observer, CancellationToken cancellationToken) =>
        inner.StartAsync(new HardOfHearing(observer, broken), cancellationToken);

    public async ValueTask<StoreRead> ReadAsync(SessionKey key, SessionVersion known, StoreDeadline deadline)
    {
        var read = await inner.ReadAsync(key, known, deadline);
        return read with { Lease = Believed(read.Lease) };
    }

    public async ValueTask<StoreWrite> CommitAsync(SessionKey key, SessionChange change, StoreDeadline deadline)
    {
        var write = await inner.CommitAsync(key, change, deadline);
        return write with { Lease = Believed(write.Lease) };
    }

    public async ValueTask<StoreWrite> MergeAsync(SessionKey key, SessionMerge copy, StoreDeadline deadline)
    {
        var write = await inner.MergeAsync(
            key,
            broken.HasFlag(BrokenPart.Life) && copy.LifeLeft > TimeSpan.Zero
                ? copy with
                {
                    LifeLeft = options.StoreLife,
                }
                : copy,
            deadline
        );
        return write with { Lease = Believed(write.Lease) };
    }

    public async ValueTask<StoreWrite> DestroyAsync(
        SessionKey key,
        SessionEnd end,
        TimeSpan tombstoneLife,
        StoreDeadline deadline
    )
    {
        if (!broken.HasFlag(BrokenPart.Tombstones))
        {
            return await inner.DestroyAsync(key, end, tombstoneLife, deadline);
        }

        var touch = await inner.TouchAsync(key, TimeSpan.FromMilliseconds(1), TimeSpan.MaxValue, deadline);
        return touch.Outcome == StoreTouchOutcome.Unavailable
            ? StoreWrite.Unavailable(touch.Failure)
            : StoreWrite.Answered(WriteOutcome.Committed, SessionVersion.None, SessionLease.None);
    }

    public ValueTask<StoreTouch> TouchAsync(
        SessionKey key,
        TimeSpan life,
        TimeSpan leastLife,
        StoreDeadline deadline
    ) => inner.TouchAsync(key, life, leastLife, deadline);

    public async ValueTask<StoreDocument> ReadDocumentAsync(string name, DocumentPosition known, StoreDeadline deadline)
    {
        var read = await inner.ReadDocumentAsync(Stored(name), known, deadline);
        if (!broken.HasFlag(BrokenPart.Documents) || !read.IsAnswered || read.Exists)
        {
            return read with { Lease = read.Lease is { } lease ? Believed(lease) : null };
        }

        var made = await MergeDocumentAsync(name, [], TimeSpan.MaxValue, deadline);
        return made.IsAnswered ? await inner.ReadDocumentAsync(Stored(name), known, deadline) : made;
    }

    public async ValueTask<StoreDocument> MergeDocumentAsync(
        string name,
        IReadOnlyList<DocumentElement> elements,
        TimeSpan life,
        StoreDeadline deadline
    )
    {
        var merged = await inner.MergeDocumentAsync(Stored(name), elements, life, deadline);
        return merged with { Lease = merged.Lease is { } lease ? Believed(lease) : null };
    }

    public ValueTask DisposeAsync() => inner.DisposeAsync();

    private SessionLease Believed(SessionLease lease) =>
        broken.HasFlag(BrokenPart.OwnPushes) && lease != SessionLease.None
            ? _believed.GetValue(lease, static proved => new UnprovedLease(proved))
            : lease;

    private string Stored(string name) => name == SharedEnds.DocumentName ? _ends : name;

    private sealed class HardOfHearing(IStoreObserver observer, BrokenPart broken) : IStoreObserver
    {
        public void OnChanged(SessionKey key)
        {
            if (!broken.HasFlag(BrokenPart.Changes) && !broken.HasFlag(BrokenPart.Pushes))
            {
                observer.OnChanged(key);
            }
        }

        public void OnDocumentChanged(string name)
        {
            if (!broken.HasFlag(BrokenPart.Changes))
            {
                observer.OnDocumentChanged(name);
            }
        }

        public void OnMoved(int from, int to) => observer.OnMoved(from, to);

        public void OnConnected(int partition, StoreContinuity continuity) =>
            observer.OnConnected(
                partition,
                broken.HasFlag(BrokenPart.Replay) ? new StoreContinuity(StoreLoss.None) : continuity
            );
    }
}
