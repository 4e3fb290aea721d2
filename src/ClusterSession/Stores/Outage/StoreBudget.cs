namespace ClusterSession.Stores.Outage;

/// <summary>
/// How long one request may wait for the store, over everything that it asks of it: opening,
/// journal, commits, repairs, and each of them again.
/// </summary>
/// <remarks>
/// <code>
/// request  |--open--|    application    |--commit--|   application   |--commit--|
/// budget   HardTimeout -> less the opening -------> less the commit ---> what is left decides:
///                                                                        wait, or go on without
///                                                                        the store
/// </code>
/// Only waiting counts, not the application's own time. An answer within a twentieth of the limit
/// does not count either: else a request that commits a thousand times in its long life would use
/// up the budget at a store that is never slow, and would need timers. Not thread-safe: a request
/// waits for one thing after the other.
/// </remarks>
internal struct StoreBudget
{
    private const int Unnoticed = 20;

    private TimeSpan _waited;

    /// <summary>A wait begins.</summary>
    public readonly StoreDeadline Begin(TimeProvider time, TimeSpan limit) => new(time, limit - _waited);

    /// <summary>That wait is over.</summary>
    public void End(in StoreDeadline deadline, TimeSpan limit)
    {
        var left = deadline.Left;
        var waited = limit - left;
        if (left == TimeSpan.Zero || waited - _waited >= limit / Unnoticed)
        {
            _waited = waited;
        }
    }

    /// <summary>Whether so much is left that the store's own deadline does as well.</summary>
    public static bool IsNearlyWhole(TimeSpan left, TimeSpan limit) => left > limit - (limit / Unnoticed);
}
