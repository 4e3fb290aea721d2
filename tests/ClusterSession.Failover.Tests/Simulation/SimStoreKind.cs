namespace ClusterSession.Failover.Tests.Simulation;

/// <summary>Which coordination store a run has.</summary>
internal enum SimStoreKind
{
    /// <summary>Our own: counts one by one, and to the moment.</summary>
    Own,

    /// <summary>
    /// The epoch is the number of a transaction; a session ends at a tick of the leader, and so
    /// late; a proof of life that is young is not made again.
    /// </summary>
    ZooKeeper,

    /// <summary>
    /// The epoch is a revision; the leader looks for leases that have run out every half second,
    /// and revokes them through its log.
    /// </summary>
    Etcd,
}
