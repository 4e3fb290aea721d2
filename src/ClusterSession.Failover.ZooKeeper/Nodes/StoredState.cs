using ClusterSession.Failover.Coordination;
using ClusterSession.Failover.Leases;

namespace ClusterSession.Failover.ZooKeeper.Nodes;

/// <summary>The nodes of one cluster, as they were at one moment.</summary>
/// <param name="Cluster">What the cluster's node holds.</param>
/// <param name="NodeVersion">The version of that node; -1: it is not there.</param>
/// <param name="Epoch">The change that granted the lease last; 0: none has.</param>
/// <param name="GrantVersion">The version of the node that each grant changes; -1: it is not
/// there.</param>
/// <param name="LeaseOwner">The session that holds the lease; 0: nobody does.</param>
internal sealed record StoredState(
    StoredCluster Cluster,
    int NodeVersion,
    long Epoch,
    int GrantVersion,
    long LeaseOwner
)
{
    public bool IsHeld => LeaseOwner != 0;

    public TimeSpan Ttl => TimeSpan.FromMilliseconds(Cluster.TtlMilliseconds);

    /// <summary>Whether the lease is held under this grant.</summary>
    public bool IsHeldBy(string holder, long epoch) => IsHeld && Cluster.Holder == holder && Epoch == epoch;

    public CoordinationState Shown() =>
        new(Cluster.Holder, Epoch, IsHeld, Cluster.Version, Cluster.Document) { Ttl = Ttl };
}
