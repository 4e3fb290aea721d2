namespace ClusterSession.ChaosTests.Agents;

/// <summary>The same site, whose agents agree in a ZooKeeper ensemble of three.</summary>
public sealed class SharedZooKeeperSite : SharedAgentSite
{
    private protected override AgentSiteOptions Options { get; } = new() { ZooKeepers = 3 };
}
