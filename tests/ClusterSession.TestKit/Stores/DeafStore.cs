using ClusterSession.Records;
using ClusterSession.Stores;

namespace ClusterSession.TestKit.Stores;

/// <summary>A store whose announcements never arrive.</summary>
public sealed class DeafStore(IClusterSessionStore inner) : ForwardingStore(inner)
{
    public override ValueTask StartAsync(IStoreObserver observer, CancellationToken cancellationToken) =>
        base.StartAsync(new Deaf(), cancellationToken);

    protected override ValueTask<T> OnAsync<T>(
        StoreOperations operation,
        Func<ValueTask<T>> ask,
        Func<StoreFailure, T> unavailable
    ) => ask();

    private sealed class Deaf : IStoreObserver
    {
        public void OnChanged(SessionKey key) { }
    }
}
