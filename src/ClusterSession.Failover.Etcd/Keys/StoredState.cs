using ClusterSession.Failover.Coordination;
using ClusterSession.Failover.Leases;

namespace ClusterSession.Failover.Etcd.Keys;

/// <summary>The keys of one cluster, as they were at one moment.</summary>
/// <param name="Cluster">What the cluster's key holds.</param>
/// <param name="ClusterRevision">The last change of that key; 0: it is not there.</param>
/// <param name="Epoch">The change that granted the lease last; 0: none has.</param>
/// <param name="Created">The change that made the key of the lease; 0: nobody holds it.</param>
/// <param name="Lease">The etcd lease with which that key goes.</param>
/// <param name="Revision">The last change of any key.</param>
/// <param name="Term">The term of the answering server: that of the last entry that it
/// applied.</param>
internal sealed record StoredState(
    StoredCluster Cluster,
    long ClusterRevision,
    long Epoch,
    long Created,
    long Lease,
    long Revision,
    ulong Term
)
{
    public bool IsHeld => Created != 0;

    public TimeSpan Ttl => TimeSpan.FromMilliseconds(Cluster.TtlMilliseconds);

    /// <summary>Whether the lease is held under this grant.</summary>
    public bool IsHeldBy(string holder, long epoch) => IsHeld && Cluster.Holder == holder && Created == epoch;

    public CoordinationState Shown() =>
        new(Cluster.Holder, Epoch, IsHeld, Cluster.Version, Cluster.Document) { Ttl = Ttl };
}
