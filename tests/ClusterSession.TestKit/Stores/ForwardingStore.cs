using ClusterSession.Records;
using ClusterSession.Stores;

namespace ClusterSession.TestKit.Stores;

/// <summary>A store before another one, which sees every operation on its way.</summary>
public abstract class ForwardingStore(IClusterSessionStore inner) : IClusterSessionStore
{
    public string Name => inner.Name;

    public IReadOnlyList<StorePartition> Partitions => inner.Partitions;

    public int PartitionOf(SessionKey key) => inner.PartitionOf(key);

    public int PartitionOfDocument(string name) => inner.PartitionOfDocument(name);

    public ISessionDirectory? Directory => inner.Directory;

    public IStoreInspection? Inspection => inner.Inspection;

    public virtual IStoreChannel? Channel => inner.Channel;

    public virtual ValueTask StartAsync(IStoreObserver observer, CancellationToken cancellationToken) =>
        inner.StartAsync(observer, cancellationToken);

    public virtual ValueTask<StoreRead> ReadAsync(SessionKey key, SessionVersion known, StoreDeadline deadline) =>
        OnAsync(StoreOperations.Read, () => inner.ReadAsync(key, known, deadline), StoreRead.Unavailable);

    public virtual ValueTask<StoreWrite> CommitAsync(SessionKey key, SessionChange change, StoreDeadline deadline) =>
        OnAsync(StoreOperations.Commit, () => inner.CommitAsync(key, change, deadline), StoreWrite.Unavailable);

    public virtual ValueTask<StoreWrite> MergeAsync(SessionKey key, SessionMerge copy, StoreDeadline deadline) =>
        OnAsync(StoreOperations.Merge, () => inner.MergeAsync(key, copy, deadline), StoreWrite.Unavailable);

    public ValueTask<StoreWrite> DestroyAsync(
        SessionKey key,
        SessionEnd end,
        TimeSpan tombstoneLife,
        StoreDeadline deadline
    ) =>
        OnAsync(
            StoreOperations.Destroy,
            () => inner.DestroyAsync(key, end, tombstoneLife, deadline),
            StoreWrite.Unavailable
        );

    public virtual ValueTask<StoreTouch> TouchAsync(
        SessionKey key,
        TimeSpan life,
        TimeSpan leastLife,
        StoreDeadline deadline
    ) => OnAsync(StoreOperations.Touch, () => inner.TouchAsync(key, life, leastLife, deadline), StoreTouch.Unavailable);

    public virtual ValueTask<StoreDocument> ReadDocumentAsync(
        string name,
        DocumentPosition known,
        StoreDeadline deadline
    ) =>
        OnAsync(
            StoreOperations.ReadDocument,
            () => inner.ReadDocumentAsync(name, known, deadline),
            StoreDocument.Unavailable
        );

    public virtual ValueTask<StoreDocument> MergeDocumentAsync(
        string name,
        IReadOnlyList<DocumentElement> elements,
        TimeSpan life,
        StoreDeadline deadline
    ) =>
        OnAsync(
            StoreOperations.MergeDocument,
            () => inner.MergeDocumentAsync(name, elements, life, deadline),
            StoreDocument.Unavailable
        );

    public ValueTask DisposeAsync() => inner.DisposeAsync();

    /// <summary>Sees one operation: does it, or answers in its place.</summary>
    protected abstract ValueTask<T> OnAsync<T>(
        StoreOperations operation,
        Func<ValueTask<T>> ask,
        Func<StoreFailure, T> unavailable
    );
}
