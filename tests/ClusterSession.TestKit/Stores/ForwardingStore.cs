using ClusterSession.Records;
using ClusterSession.Stores;

namespace ClusterSession.TestKit.Stores;

/// <summary>A store before another one, which sees every operation on its way.</summary>
public abstract class ForwardingStore(IClusterSessionStore inner) : IClusterSessionStore
{
    public string Name => inner.Name;

    public virtual void Observe(IStoreObserver observer) => inner.Observe(observer);

    public virtual ValueTask<StoreRead> ReadAsync(SessionKey key, SessionVersion known, CancellationToken cancellationToken) =>
        OnAsync(StoreOperations.Read, () => inner.ReadAsync(key, known, cancellationToken), StoreRead.Unavailable);

    public virtual ValueTask<StoreWrite> CommitAsync(SessionKey key, SessionChange change, CancellationToken cancellationToken) =>
        OnAsync(StoreOperations.Commit, () => inner.CommitAsync(key, change, cancellationToken), StoreWrite.Unavailable);

    public virtual ValueTask<StoreWrite> MergeAsync(SessionKey key, SessionMerge copy, CancellationToken cancellationToken) =>
        OnAsync(StoreOperations.Merge, () => inner.MergeAsync(key, copy, cancellationToken), StoreWrite.Unavailable);

    public ValueTask<StoreWrite> DestroyAsync(SessionKey key, SessionEnd end, TimeSpan tombstoneLife, CancellationToken cancellationToken) =>
        OnAsync(StoreOperations.Destroy, () => inner.DestroyAsync(key, end, tombstoneLife, cancellationToken), StoreWrite.Unavailable);

    public ValueTask<StoreTouch> TouchAsync(SessionKey key, TimeSpan life, TimeSpan leastLife, CancellationToken cancellationToken) =>
        OnAsync(StoreOperations.Touch, () => inner.TouchAsync(key, life, leastLife, cancellationToken), static _ => StoreTouch.Unavailable);

    public virtual ValueTask<StoreDocument> ReadDocumentAsync(
        string name, DocumentPosition known, CancellationToken cancellationToken) =>
        OnAsync(
            StoreOperations.ReadDocument,
            () => inner.ReadDocumentAsync(name, known, cancellationToken),
            StoreDocument.Unavailable);

    public virtual ValueTask<StoreDocument> MergeDocumentAsync(
        string name, IReadOnlyList<DocumentElement> elements, TimeSpan life, CancellationToken cancellationToken) =>
        OnAsync(
            StoreOperations.MergeDocument,
            () => inner.MergeDocumentAsync(name, elements, life, cancellationToken),
            StoreDocument.Unavailable);

    /// <summary>Sees one operation: does it, or answers in its place.</summary>
    protected abstract ValueTask<T> OnAsync<T>(StoreOperations operation, Func<ValueTask<T>> ask, Func<StoreFailure, T> unavailable);
}
