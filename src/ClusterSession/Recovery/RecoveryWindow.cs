namespace ClusterSession.Recovery;

/// <summary>
/// What is still to be expected of a partition of the store that came back as another server: for a
/// while nodes recover in it what it lost. A partition that did not come back as another server has
/// an empty window.
/// </summary>
/// <param name="time">The clock of the timestamps.</param>
/// <param name="replacedAt">When it came back; <see cref="long.MinValue"/>: it did not.</param>
/// <param name="lostAt">When it may have lost ends; <see cref="long.MinValue"/>: it has
/// not.</param>
/// <param name="tombstoneLife">How long the store remembers an end: copies of ended sessions are in
/// use for no longer.</param>
/// <param name="areEndsKnownSince">Whether this node has read the ends that all nodes know since a
/// timestamp.</param>
internal readonly struct RecoveryWindow(
    TimeProvider time,
    long replacedAt,
    long lostAt,
    TimeSpan tombstoneLife,
    Func<long, bool> areEndsKnownSince
)
{
    private static readonly TimeSpan RecoveringFor = TimeSpan.FromSeconds(30);

    /// <summary>
    /// Other nodes start to replay at another moment than this one, within so long.
    /// </summary>
    public static readonly TimeSpan MaxJitter = TimeSpan.FromMilliseconds(200);

    /// <summary>
    /// Twice what the jitter and the wait for others' commits take: other nodes hear of the store a
    /// little later, and are as busy.
    /// </summary>
    private static readonly TimeSpan JustBegunFor = 2 * (MaxJitter + StoreReplay.LongestWait);

    /// <summary>
    /// Whether it came back as another a short while ago, so that nodes still recover in it what
    /// it lost.
    /// </summary>
    public bool IsUnderWay => IsWithin(replacedAt, RecoveringFor);

    /// <summary>
    /// Whether it came back so recently that what is missing is more likely on its way than lost.
    /// </summary>
    public bool HasJustBegun => IsWithin(replacedAt, JustBegunFor);

    /// <summary>
    /// Whether it may have lost the ends of sessions whose copies can still be in use, and it is
    /// not certain that this node knows those ends. While the store has lost none, a session that
    /// is missing was not ended: its tombstone would be there. The other nodes merge the ends that
    /// they know as soon as they are connected; a node that has read them after that knows all that
    /// any node knows.
    /// </summary>
    public bool MayHaveLostEnds => IsWithin(lostAt, tombstoneLife) && (HasJustBegun || !areEndsKnownSince(lostAt));

    /// <summary>Whether it came back as another since a timestamp.</summary>
    public bool HasBegunSince(long timestamp) => replacedAt != long.MinValue && replacedAt >= timestamp;

    private bool IsWithin(long since, TimeSpan span) => since != long.MinValue && time.GetElapsedTime(since) < span;
}
