namespace ClusterSession.Failover.Coordination;

/// <summary>Outcome of <see cref="IFailoverCoordinator.RenewAsync"/>.</summary>
public abstract record RenewResult
{
    private RenewResult() { }

    /// <summary>The lease runs for its full ttl again.</summary>
    /// <param name="CountedFrom">
    /// Timestamp of <see cref="IFailoverCoordinator.Clock"/> from which the holder counts it.
    /// </param>
    /// <param name="Ttl">How long it runs: as it was granted; zero: unknown.</param>
    public sealed record Renewed(long CountedFrom, TimeSpan Ttl) : RenewResult;

    /// <summary>
    /// The lease expired, was released, or is another's. It cannot be renewed any more.
    /// </summary>
    public sealed record Lost : RenewResult;

    /// <summary>
    /// The outcome is unknown. What the holder has counted so far stays valid; it may ask again.
    /// </summary>
    public sealed record Unknown : RenewResult;
}
