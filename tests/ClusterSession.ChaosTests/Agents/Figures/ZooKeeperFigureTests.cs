using Xunit;

namespace ClusterSession.ChaosTests.Agents.Figures;

/// <summary>
/// Failovers behind HAProxy, of agents that agree in a ZooKeeper ensemble of three.
/// </summary>
public sealed class ZooKeeperFigureTests(ITestOutputHelper output)
{
    private static readonly AgentSiteOptions ZooKeeper = new() { ZooKeepers = 3 };

    [LongFact]
    public Task Masters_killed_where_agents_agree_in_zookeeper() => new FailoverFigures(output).KillAsync(ZooKeeper);

    [LongFact]
    public Task Masters_frozen_where_agents_agree_in_zookeeper() => new FailoverFigures(output).FreezeAsync(ZooKeeper);

    [LongFact(needsNamespaces: true)]
    public Task Masters_cut_off_with_their_agents_where_agents_agree_in_zookeeper() =>
        new FailoverFigures(output).CutOffAsync(ZooKeeper);
}
