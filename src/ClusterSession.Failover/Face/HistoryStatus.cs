using ClusterSession.Failover.Documents;

namespace ClusterSession.Failover.Face;

/// <summary>GET /history.</summary>
/// <param name="Cluster">Name of the cluster.</param>
/// <param name="Events">What happened last, the oldest first.</param>
internal sealed record HistoryStatus(string Cluster, IReadOnlyList<HistoryLine> Events);

/// <summary>A line of the history.</summary>
/// <param name="At">When.</param>
/// <param name="Epoch">Number of the lease.</param>
/// <param name="What">What happened.</param>
/// <param name="From">Who was master before; null: not known, or it does not apply.</param>
/// <param name="To">Whom it concerns: who became master, or the member that was named.</param>
/// <param name="Why">The reason, as a sentence; null: none is known.</param>
/// <param name="DurationMilliseconds">
/// How long the change took, from when its agent first saw the lease free until the master was
/// opened; null: the event is no completed change.
/// </param>
/// <param name="LacksNewerData">Whether newer data was known to be out of reach.</param>
internal sealed record HistoryLine(
    DateTimeOffset At,
    long Epoch,
    EventKind What,
    string? From,
    string? To,
    string? Why,
    long? DurationMilliseconds,
    bool LacksNewerData
)
{
    public static HistoryLine Of(ClusterEvent happened) =>
        new(
            happened.At,
            happened.Epoch,
            happened.What,
            happened.From,
            happened.To,
            happened.Why,
            happened.Duration is { } duration ? (long)duration.TotalMilliseconds : null,
            happened.LacksNewerData
        );
}
