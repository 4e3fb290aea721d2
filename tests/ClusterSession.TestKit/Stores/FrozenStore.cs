using ClusterSession.Stores;

namespace ClusterSession.TestKit.Stores;

/// <summary>
/// A store that can freeze: then no operation gets an answer, and each is given up after a while.
/// </summary>
public sealed class FrozenStore(IClusterSessionStore inner, TimeProvider time, TimeSpan timeout)
    : ForwardingStore(inner)
{
    private int _waiting;
    private int _givenUp;

    /// <summary>Whether it is frozen now.</summary>
    public bool IsFrozen { get; set; }

    /// <summary>How many operations wait now.</summary>
    public int Waiting => Volatile.Read(ref _waiting);

    /// <summary>How many have waited in vain.</summary>
    public int GivenUp => Volatile.Read(ref _givenUp);

    protected override async ValueTask<T> OnAsync<T>(
        StoreOperations operation,
        Func<ValueTask<T>> ask,
        Func<StoreFailure, T> unavailable
    )
    {
        if (!IsFrozen)
        {
            return await ask();
        }

        var over = Task.Delay(timeout, time, CancellationToken.None);
        Interlocked.Increment(ref _waiting);
        await over;
        Interlocked.Decrement(ref _waiting);
        Interlocked.Increment(ref _givenUp);
        return unavailable(StoreFailure.Unknown);
    }
}
