using Xunit;

namespace ClusterSession.ChaosTests.Agents.Figures;

/// <summary>Failovers behind an address that keepalived moves.</summary>
public sealed class KeepalivedFigureTests(ITestOutputHelper output)
{
    private static readonly AgentSiteOptions Keepalived = new() { HasKeepalived = true };

    [KeepalivedFact(isLong: true)]
    public async Task Masters_killed_behind_keepalived()
    {
        await using var net = await SplitBrainNet.CreateAsync(3);
        await new FailoverFigures(output).KillAsync(Keepalived with { Hosts = net.Hosts });
    }

    [KeepalivedFact(isLong: true)]
    public async Task Masters_frozen_behind_keepalived()
    {
        await using var net = await SplitBrainNet.CreateAsync(3);
        await new FailoverFigures(output).FreezeAsync(Keepalived with { Hosts = net.Hosts });
    }

    [KeepalivedFact(isLong: true)]
    public Task Masters_cut_off_with_their_agents_behind_keepalived() =>
        new FailoverFigures(output).CutOffAsync(Keepalived);
}
