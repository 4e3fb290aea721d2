namespace ClusterSession.ChaosTests.Agents;

/// <summary>How a site of agents is made.</summary>
internal sealed record AgentSiteOptions
{
    /// <summary>A read replica with an agent as third member, in place of the voter.</summary>
    public bool HasReadReplica { get; init; }

    /// <summary>
    /// ZooKeeper servers in which the agents agree, in place of a store of their own and its voter;
    /// 0: none.
    /// </summary>
    public int ZooKeepers { get; init; }

    /// <summary>The same with etcd servers; 0: none.</summary>
    public int Etcds { get; init; }

    /// <summary>
    /// An address that keepalived moves, in place of HAProxy. The members need hosts of their own.
    /// </summary>
    public bool HasKeepalived { get; init; }

    /// <summary>More settings of every agent, as JSON behind a comma.</summary>
    public string Settings { get; init; } = """, "ReturnToPreferred": false""";

    /// <summary>
    /// Where the members run, then the third member of the store together with HAProxy; default:
    /// all on this machine.
    /// </summary>
    public IReadOnlyList<NetworkHost> Hosts { get; init; } =
    [NetworkHost.Loopback, NetworkHost.Loopback, NetworkHost.Loopback];
}
