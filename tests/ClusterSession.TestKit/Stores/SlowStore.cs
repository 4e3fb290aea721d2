using ClusterSession.Stores;

namespace ClusterSession.TestKit.Stores;

/// <summary>
/// A store whose answers take their time: the operation has happened, its answer is on its way.
/// </summary>
public sealed class SlowStore(IClusterSessionStore inner, TimeProvider time) : ForwardingStore(inner)
{
    private int _waiting;

    /// <summary>How long answers take.</summary>
    public TimeSpan Delay { get; set; }

    /// <summary>How many answers are on their way now.</summary>
    public int Waiting => Volatile.Read(ref _waiting);

    protected override async ValueTask<T> OnAsync<T>(
        StoreOperations operation,
        Func<ValueTask<T>> ask,
        Func<StoreFailure, T> unavailable
    )
    {
        var answer = await ask();
        if (Delay > TimeSpan.Zero && (operation & StoreOperations.Sessions) != 0)
        {
            var arrival = Task.Delay(Delay, time, CancellationToken.None);
            Interlocked.Increment(ref _waiting);
            await arrival;
            Interlocked.Decrement(ref _waiting);
        }

        return answer;
    }
}
