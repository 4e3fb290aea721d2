using ClusterSession.Failover.Documents;
using ClusterSession.Failover.Sights;

namespace ClusterSession.Failover.Deciding;

/// <summary>
/// A coordination store that was lost, or set back to an old copy, counts its grants from a lower
/// number than the data in sight was written under. Its next grant would open none of that data.
/// </summary>
internal static class LostStore
{
    /// <summary>
    /// The highest epoch of data in sight, where the store's next grant is below it; null: it is
    /// not.
    /// </summary>
    /// <param name="epoch">The store's last grant.</param>
    /// <param name="members">All members.</param>
    /// <param name="of">What is seen of each.</param>
    public static long? LaterData(long epoch, IEnumerable<ClusterMember> members, Func<string, MemberSight> of) =>
        members.Select(member => of(member.Name).Redis.DataEpoch).DefaultIfEmpty(0).Max() is var highest
        && highest > epoch + 1
            ? highest
            : null;
}
