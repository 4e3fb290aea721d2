using ClusterSession.Records;
using ClusterSession.Stores;

namespace ClusterSession.TestKit.Stores;

/// <summary>
/// A store that takes no change of some sessions and is well otherwise: what they hold cannot be
/// stored, or the server that has them is down.
/// </summary>
public sealed class PoisonedStore(IClusterSessionStore inner) : ForwardingStore(inner)
{
    /// <summary>Which sessions' changes are not taken.</summary>
    public Func<SessionKey, bool> IsPoison { get; set; } = static _ => false;

    /// <summary>What is said of them.</summary>
    public StoreFailure Failure { get; set; } = StoreFailure.Refused;

    /// <summary>Whether they cannot be read either.</summary>
    public bool IsDown { get; set; }

    public override ValueTask<StoreRead> ReadAsync(SessionKey key, SessionVersion known, StoreDeadline deadline) =>
        IsDown && IsPoison(key) ? new(StoreRead.Unavailable(Failure)) : base.ReadAsync(key, known, deadline);

    public override ValueTask<StoreWrite> CommitAsync(SessionKey key, SessionChange change, StoreDeadline deadline) =>
        IsPoison(key) ? new(StoreWrite.Unavailable(Failure)) : base.CommitAsync(key, change, deadline);

    public override ValueTask<StoreWrite> MergeAsync(SessionKey key, SessionMerge copy, StoreDeadline deadline) =>
        IsPoison(key) ? new(StoreWrite.Unavailable(Failure)) : base.MergeAsync(key, copy, deadline);

    protected override ValueTask<T> OnAsync<T>(
        StoreOperations operation,
        Func<ValueTask<T>> ask,
        Func<StoreFailure, T> unavailable
    ) => ask();
}
