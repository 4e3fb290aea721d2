namespace ClusterSession.Histories.Checking;

/// <summary>What the configuration under test promises beyond the rules that always hold.</summary>
public sealed record CheckOptions
{
    public static readonly CheckOptions Default = new();

    /// <summary>
    /// Requires each register to be linearizable over all clients (promised under
    /// <c>Exclusive</c>). Under <c>Merge</c> the promise is session guarantees per client and one
    /// winner per attribute, so linearizability is only measured.
    /// </summary>
    public bool DemandLinearizability { get; init; }

    /// <summary>
    /// Requires read-your-writes of clients with parallel requests even where a response with an
    /// older token overwrote the cookie of a newer one. Otherwise measured: a jar holds one cookie,
    /// and the last response to arrive wins.
    /// </summary>
    public bool DemandParallelGuarantees { get; init; }

    /// <summary>
    /// Requires that a reader of a client's entry sees that client's earlier ones too. Otherwise
    /// measured.
    /// </summary>
    public bool DemandCausality { get; init; }

    /// <summary>
    /// Counters are real increments, not a read and a write: none is lost, however many clients
    /// count.
    /// </summary>
    public bool DemandAtomicCounters { get; init; }

    /// <summary>
    /// How long after an acknowledged renewal the old id may still read (for requests that were
    /// under way in the same browser).
    /// </summary>
    public TimeSpan RotationGrace { get; init; }

    /// <summary>
    /// A node that is cut off from the store acknowledges writes that only it has; a client who
    /// goes on through another node meanwhile can only be told so. If set, a regression that is
    /// reported while a fault of any kind lasts (and for <see cref="SettleTime"/> after it) counts
    /// as budget; without it only one in a double fault does, and one that
    /// <see cref="CheckContext.MayLackAnothersCommit"/> explains. A silent one may never happen
    /// either way.
    /// </summary>
    public bool RegressionsMayBeReportedDuringFaults { get; init; }

    /// <summary>
    /// A node that is cut off from the store goes on with the sessions it has, and can not hear
    /// that one of them was ended elsewhere. If set, such reads count as budget while a fault of a
    /// store or a link lasts (and for <see cref="SettleTime"/> after it); without it they may never
    /// happen.
    /// </summary>
    public bool EndedSessionsMayBeServedDuringFaults { get; init; }

    /// <summary>
    /// If set, what another client has written must be seen by every request that begins this much
    /// later, at any node, unless a fault lasts or is just over. Null: nothing is demanded of
    /// clients whose cookie does not name it.
    /// </summary>
    public TimeSpan? StalenessLimit { get; init; }

    /// <summary>Null if no session can become idle in this run.</summary>
    public TimeSpan? IdleTimeout { get; init; }

    public TimeSpan? AbsoluteTimeout { get; init; }

    /// <summary>
    /// Added to timeouts before a late answer is wrong, subtracted before an early end is: skew,
    /// touch interval and the longest request.
    /// </summary>
    public TimeSpan ExpirySlack { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>
    /// Under durability <c>Local</c>, what was acknowledged this long before its node was killed
    /// may be lost.
    /// </summary>
    public TimeSpan LocalFlushInterval { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>
    /// How long the effect of a fault outlasts it when double faults are looked for.
    /// </summary>
    public TimeSpan DoubleFaultReach { get; init; }

    /// <summary>
    /// If set, each node must answer its first request that begins after a heal within this time of
    /// the heal. Otherwise measured.
    /// </summary>
    public TimeSpan? HealDeadline { get; init; }

    /// <summary>
    /// If set, at least this share of the requests that touch no fault must be <c>Ok</c>. Otherwise
    /// measured.
    /// </summary>
    public double? MinimumOkShare { get; init; }

    /// <summary>If set, no request may take longer. Otherwise measured.</summary>
    public TimeSpan? HardLimit { get; init; }

    /// <summary>
    /// What belongs to a fault's aftermath and not to the quiet time between faults.
    /// </summary>
    public TimeSpan SettleTime { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>
    /// How soon after a write a read through another node is a test of coherence.
    /// </summary>
    public TimeSpan CrossNodeWindow { get; init; } = TimeSpan.FromMilliseconds(50);

    /// <summary>How many such reads a run needs to count.</summary>
    public int MinimumCrossNodeReads { get; init; } = 1000;

    /// <summary>
    /// Opportunities per check (by its name) that a run needs to count. Checks not named need none.
    /// </summary>
    public IReadOnlyDictionary<string, long> MinimumOpportunities { get; init; } = new Dictionary<string, long>();
}
