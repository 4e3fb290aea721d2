using ClusterSession.Failover.Documents;
using ClusterSession.Failover.Sights;

namespace ClusterSession.Failover.Deciding;

/// <summary>Which Redis has what another has, by replication ids and offsets.</summary>
internal static class Histories
{
    /// <summary>
    /// Compares by the epoch of the data, then by the offset; the greater one is the newer. A
    /// process that was killed begins its offsets at 0, and counts as older than those that kept
    /// theirs. The one that counts as older is not wiped by that, since its data is not contained
    /// in the other's.
    /// </summary>
    public static int Compare(RedisSight x, RedisSight y)
    {
        var byEpoch = x.DataEpoch.CompareTo(y.DataEpoch);
        return byEpoch != 0 ? byEpoch : x.Offset.CompareTo(y.Offset);
    }

    /// <summary>
    /// Whether <paramref name="other"/> provably has all data of <paramref name="sight"/>: it is
    /// empty, or a point of the other's history, or of the one from which the other's history
    /// branched.
    /// </summary>
    public static bool IsContained(RedisSight sight, RedisSight other) =>
        (sight.IsEmpty && sight.DataEpoch == 0)
        || (sight.HistoryId.Length > 0 && sight.HistoryId == other.HistoryId && sight.Offset <= other.Offset)
        || (
            sight.HistoryId.Length > 0 && sight.HistoryId == other.FormerHistoryId && sight.Offset <= other.FormerOffset
        );

    /// <summary>Whether a Redis has all of a history up to a point.</summary>
    public static bool HasUpTo(RedisSight redis, HistoryPoint point) => Ahead(point, redis) == 0;

    /// <summary>
    /// How many bytes of a history, up to a point, <paramref name="other"/> does not have; null: it
    /// cannot be told, since the other's history is not that one and did not branch from it.
    /// </summary>
    public static long? Ahead(HistoryPoint point, RedisSight other) =>
        point.Id.Length == 0 ? null
        : point.Id == other.HistoryId ? Math.Max(0, point.Offset - other.Offset)
        : point.Id == other.FormerHistoryId ? Math.Max(0, point.Offset - other.FormerOffset)
        : null;
}
