using Xunit;

namespace ClusterSession.ChaosTests.Agents.Figures;

/// <summary>Failovers behind HAProxy, of agents with a store of their own.</summary>
public sealed class HaProxyFigureTests(ITestOutputHelper output)
{
    [LongFact]
    public Task Masters_killed_behind_haproxy() => new FailoverFigures(output).KillAsync(new AgentSiteOptions());

    [LongFact]
    public Task Masters_frozen_behind_haproxy() => new FailoverFigures(output).FreezeAsync(new AgentSiteOptions());

    [LongFact(needsNamespaces: true)]
    public Task Masters_cut_off_with_their_agents_behind_haproxy() =>
        new FailoverFigures(output).CutOffAsync(new AgentSiteOptions());
}
