using ClusterSession.Failover.Documents;
using ClusterSession.Failover.Sights;

namespace ClusterSession.Failover.Deciding;

/// <summary>
/// Durations and limits that the rules of this folder decide by, alike on all agents of a cluster;
/// and how they compare the data of two Redis, which a test may replace.
/// </summary>
internal sealed record FailoverTimings
{
    /// <summary>Life of the lease.</summary>
    public TimeSpan Ttl { get; init; } = TimeSpan.FromSeconds(3);

    /// <summary>The holder counts its lease shorter by this.</summary>
    public TimeSpan Margin { get; init; } = TimeSpan.FromMilliseconds(200);

    /// <summary>Share of the ttl by which two clocks may run apart.</summary>
    public double Drift { get; init; } = 0.01;

    /// <summary>
    /// Pause between two looks, if nothing is to be done. A look costs a Redis about 0.1 ms.
    /// </summary>
    public TimeSpan Interval { get; init; } = TimeSpan.FromMilliseconds(100);

    /// <summary>Deadline of one question or command.</summary>
    public TimeSpan Deadline { get; init; } = TimeSpan.FromMilliseconds(400);

    /// <summary>
    /// Longest life of a lease record: how long a frozen master must be waited for before its lease
    /// is released. It is no shorter than a look in which the coordination store and the Redis each
    /// take their whole <see cref="Deadline"/>: if the record ran out in between, a master that is
    /// well would refuse commits.
    /// </summary>
    public TimeSpan RecordLife { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>
    /// How long the holder waits for its silent Redis after a first unanswered look, and at least
    /// until the record has expired, before it gives the Redis up. One whose host refuses the
    /// connection has ended, and is given up at once.
    /// </summary>
    public TimeSpan DeadAfter { get; init; } = TimeSpan.FromMilliseconds(400);

    /// <summary>How long a free lease waits for members that are out of sight.</summary>
    public TimeSpan GatherWait { get; init; } = TimeSpan.FromMilliseconds(300);

    /// <summary>How long it waits where newer data is known to exist and cannot be used.</summary>
    public TimeSpan NewerDataWait { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>
    /// After so long without progress a change is given up, and another one begins.
    /// </summary>
    public TimeSpan StepWait { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>
    /// Pause between two looks while a change or a switch makes progress (<see cref="StepWait"/>),
    /// and while the ruler is not responding, for <see cref="Ttl"/> + <see cref="GatherWait"/> at
    /// most.
    /// </summary>
    public TimeSpan BusyInterval { get; init; } = TimeSpan.FromMilliseconds(20);

    /// <summary>
    /// How long a master waits until the next one is ready; then it retracts the switch.
    /// </summary>
    public TimeSpan SwitchWait { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>How long a closed master waits until the next one has everything.</summary>
    public TimeSpan CloseWait { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>
    /// How long only the next master may take a lease that was handed over to it.
    /// </summary>
    public TimeSpan NextMasterWait { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>How many bytes the next master may lag when the master closes.</summary>
    public long SwitchLag { get; init; } = 1024 * 1024;

    /// <summary>How long a failover counts against the member that was promoted.</summary>
    public TimeSpan FlappingWindow { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>
    /// Number of failovers within the window after which the member is not promoted in it.
    /// </summary>
    public int MaxPromotions { get; init; } = 3;

    /// <summary>How long a member that could not be opened is passed over for others.</summary>
    public TimeSpan PassOver { get; init; } = TimeSpan.FromMinutes(1);

    /// <summary>
    /// How long a member that is preferred as master has to be in step before the master hands over
    /// to it; null: never.
    /// </summary>
    public TimeSpan? ReturnAfter { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>
    /// Pause after a merge that failed; it doubles with each failure in a row, up to 16 times that.
    /// </summary>
    public TimeSpan MergePause { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>
    /// Whether a merged member follows the master though its files could not be copied aside, even
    /// where no replica has confirmed the merge or keys were left behind.
    /// </summary>
    public bool FollowsWithoutCopy { get; init; }

    /// <summary>Which of two Redis is to be promoted: above 0, the first.</summary>
    internal Comparison<RedisSight> Newer { get; init; } = Histories.Compare;

    /// <summary>
    /// Whether the second has all that the first has: nothing is lost when the first follows it.
    /// </summary>
    internal Func<RedisSight, RedisSight, bool> IsContained { get; init; } = Histories.IsContained;

    /// <summary>
    /// A round of the loop at its slowest: the coordination store, the members and the promises all
    /// have to be waited for.
    /// </summary>
    public TimeSpan Round => Interval + 3 * Deadline;

    /// <summary>How many failovers count against a member.</summary>
    public int PromotionsOf(ClusterDocument document, string member, DateTimeOffset now) =>
        document.Promotions.Count(promotion => promotion.Member == member && now - promotion.At < FlappingWindow);

    /// <summary>Whether a member is passed over where another may become master.</summary>
    public bool IsBarred(ClusterDocument document, string member, DateTimeOffset now) =>
        PromotionsOf(document, member, now) >= MaxPromotions
        || document.Failures.Any(failed => failed.Member == member && now - failed.At < PassOver);

    /// <summary>
    /// Checks that a holder has the time for two attempts to renew, both in vain, before its lease
    /// runs out.
    /// </summary>
    /// <exception cref="ArgumentException">It has not.</exception>
    public void Check()
    {
        if (Interval + 2 * Deadline > Ttl - Margin - Ttl * Drift)
        {
            throw new ArgumentException(
                $"Ttl is {Ttl}, which is too short for an Interval of {Interval} and two Deadlines of {Deadline} "
                    + $"with a Margin of {Margin}. Raise Ttl, or lower the others."
            );
        }
    }
}
