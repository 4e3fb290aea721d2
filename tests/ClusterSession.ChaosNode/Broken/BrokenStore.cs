using ClusterSession.Records;
using ClusterSession.Stores;

namespace ClusterSession.ChaosNode.Broken;

/// <summary>A store between the node and the real one that leaves out what a broken build would leave out.</summary>
internal sealed class BrokenStore(IClusterSessionStore inner, BrokenPart broken) : IClusterSessionStore, IAsyncDisposable
{
    public string Name => inner.Name;

    public void Observe(IStoreObserver observer) => inner.Observe(new HardOfHearing(observer, broken));

    public ValueTask<StoreRead> ReadAsync(SessionKey key, SessionVersion known, CancellationToken cancellationToken) =>
        inner.ReadAsync(key, known, cancellationToken);

    public ValueTask<StoreWrite> CommitAsync(SessionKey key, SessionChange change, CancellationToken cancellationToken) =>
        inner.CommitAsync(key, change, cancellationToken);

    public ValueTask<StoreWrite> MergeAsync(SessionKey key, SessionMerge copy, CancellationToken cancellationToken) =>
        inner.MergeAsync(key, copy, cancellationToken);

    public async ValueTask<StoreWrite> DestroyAsync(SessionKey key, SessionEnd end, TimeSpan tombstoneLife, CancellationToken cancellationToken)
    {
        if (!broken.HasFlag(BrokenPart.Tombstones))
        {
            return await inner.DestroyAsync(key, end, tombstoneLife, cancellationToken);
        }
        return await inner.TouchAsync(key, TimeSpan.FromMilliseconds(1), TimeSpan.MaxValue, cancellationToken) == StoreTouch.Unavailable
            ? StoreWrite.Unavailable(StoreFailure.Unknown)
            : StoreWrite.Answered(WriteOutcome.Committed, SessionVersion.None, SessionLease.None);
    }

    public ValueTask<StoreTouch> TouchAsync(SessionKey key, TimeSpan life, TimeSpan leastLife, CancellationToken cancellationToken) =>
        inner.TouchAsync(key, life, leastLife, cancellationToken);

    public ValueTask<StoreDocument> ReadDocumentAsync(
        string name, DocumentPosition known, CancellationToken cancellationToken) =>
        inner.ReadDocumentAsync(name, known, cancellationToken);

    public ValueTask<StoreDocument> MergeDocumentAsync(
        string name, IReadOnlyList<DocumentElement> elements, TimeSpan life, CancellationToken cancellationToken) =>
        inner.MergeDocumentAsync(name, elements, life, cancellationToken);

    public async ValueTask DisposeAsync()
    {
        switch (inner)
        {
            case IAsyncDisposable disposable:
                await disposable.DisposeAsync();
                break;
            case IDisposable disposable:
                disposable.Dispose();
                break;
        }
    }

    private sealed class HardOfHearing(IStoreObserver observer, BrokenPart broken) : IStoreObserver
    {
        public void OnChanged(SessionKey key)
        {
            if (!broken.HasFlag(BrokenPart.Changes))
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

        public void OnConnected(StoreContinuity continuity) =>
            observer.OnConnected(broken.HasFlag(BrokenPart.Replay) ? new StoreContinuity(StoreLoss.None) : continuity);
    }
}
