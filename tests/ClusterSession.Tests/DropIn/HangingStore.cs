using ClusterSession.Stores;
using ClusterSession.TestKit.Stores;

namespace ClusterSession.Tests.DropIn;

/// <summary>
/// A store over a connection on which nothing comes back: it gives up by itself when its time is
/// over.
/// </summary>
internal sealed class HangingStore(IClusterSessionStore inner, TimeProvider time, TimeSpan timeout)
    : ForwardingStore(inner)
{
    public bool Hangs { get; set; }

    protected override async ValueTask<T> OnAsync<T>(
        StoreOperations operation,
        Func<ValueTask<T>> ask,
        Func<StoreFailure, T> unavailable
    )
    {
        if (Hangs && (operation & StoreOperations.Sessions) != 0)
        {
            await Task.Delay(timeout, time, CancellationToken.None);
            return unavailable(StoreFailure.Unknown);
        }

        return await ask();
    }
}
