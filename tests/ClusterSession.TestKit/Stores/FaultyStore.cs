using ClusterSession.Stores;

namespace ClusterSession.TestKit.Stores;

/// <summary>A store that does not answer some operations.</summary>
public sealed class FaultyStore(IClusterSessionStore inner) : ForwardingStore(inner)
{
    /// <summary>Which operations are not answered now.</summary>
    public StoreOperations Failing { get; set; }

    /// <summary>What is said of them.</summary>
    public StoreFailure Failure { get; set; } = StoreFailure.Unreachable;

    /// <summary>
    /// Whether an operation without an answer happens all the same: its reply was lost.
    /// </summary>
    public bool IsReplyLost { get; set; }

    protected override async ValueTask<T> OnAsync<T>(
        StoreOperations operation,
        Func<ValueTask<T>> ask,
        Func<StoreFailure, T> unavailable
    )
    {
        if ((Failing & operation) == 0)
        {
            return await ask();
        }

        if (IsReplyLost)
        {
            await ask();
        }

        return unavailable(IsReplyLost ? StoreFailure.Unknown : Failure);
    }
}
