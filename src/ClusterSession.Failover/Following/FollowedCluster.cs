using ClusterSession.Failover.Documents;
using ClusterSession.Failover.Face;

namespace ClusterSession.Failover.Following;

/// <summary>
/// What answers of agents say, in the form in which an agent reads it from the coordination store.
/// </summary>
internal static class FollowedCluster
{
    /// <summary>
    /// The answer by which a follower goes: that of the highest lease, so that an agent that is cut
    /// off is outvoted by any that is not; among those of one lease, who reaches the coordination
    /// store.
    /// </summary>
    public static ClusterStatus? Freshest(IEnumerable<ClusterStatus?> answers) =>
        answers
            .OfType<ClusterStatus>()
            .Where(answer => answer.LookedAt is not null)
            .OrderByDescending(answer => answer.Lease.Epoch)
            .ThenByDescending(answer => answer.Store.IsReachable)
            .ThenBy(answer => answer.LookAgeMilliseconds)
            .FirstOrDefault();

    /// <summary>
    /// The cluster document as a follower needs it. The follower is added to the members, as one
    /// that never rules, so that it finds its own name. Nothing else of the document concerns it:
    /// changes, switches and orders are for members.
    /// </summary>
    /// <param name="status">The answer.</param>
    /// <param name="self">The follower.</param>
    /// <param name="line">The line that says that the master may lack data of the follower; null:
    /// that is not known.</param>
    /// <exception cref="InvalidDataException">A member has the follower's name.</exception>
    public static ClusterDocument Document(ClusterStatus status, ClusterMember self, UnmergedData? line) =>
        status.Members.Any(member => member.Name == self.Name)
            ? throw new InvalidDataException(
                $"{self.Name} is a member of the cluster {status.Cluster}, and only its agent may command its Redis. "
                    + "Give the follower another name, or have that member forgotten."
            )
            : new ClusterDocument
            {
                Members =
                [
                    .. status.Members.Select(member => new ClusterMember(
                        member.Name,
                        member.Redis,
                        member.Agent,
                        member.Kind
                    )),
                    self,
                ],
                Ruler = RulerOf(status),
                Maintenance = status.IsMaintenance,
                Ledger = line is null ? [] : [line],
            };

    /// <summary>
    /// The ruler that the answer names, if it is open and its data is of the present lease; else
    /// null.
    /// </summary>
    private static Ruler? RulerOf(ClusterStatus status) =>
        status.Members.FirstOrDefault(member => member.Name == status.Ruler)
            is { IsOpen: true, RunId: { } process } ruler
        && ruler.DataEpoch == status.Lease.Epoch
            ? new Ruler(ruler.Name, process, status.Lease.Epoch)
            : null;
}
