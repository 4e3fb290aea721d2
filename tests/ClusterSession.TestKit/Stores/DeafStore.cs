using ClusterSession.Stores;

namespace ClusterSession.TestKit.Stores;

/// <summary>A store whose news never arrive.</summary>
public sealed class DeafStore(IClusterSessionStore inner) : ForwardingStore(inner)
{
    public override void Observe(IStoreObserver observer)
    {
    }

    protected override ValueTask<T> OnAsync<T>(StoreOperations operation, Func<ValueTask<T>> ask, Func<StoreFailure, T> unavailable) => ask();
}
