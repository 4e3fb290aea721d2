namespace ClusterSession.ChaosTests.Agents;

/// <summary>The same site, whose agents agree in three etcd servers.</summary>
public sealed class SharedEtcdSite : SharedAgentSite
{
    private protected override AgentSiteOptions Options { get; } = new() { Etcds = 3 };
}
