using ClusterSession.ChaosTests.Scenarios;
using ClusterSession.ChaosTests.Servers;
using ClusterSession.TestKit.Servers;
using Xunit;

namespace ClusterSession.ChaosTests.Agents;

/// <summary>
/// Each member on a host of its own, the voter and HAProxy on a third: links between them go down.
/// </summary>
public sealed class LinkDownTests(ITestOutputHelper output)
{
    private const string Cut = "link down of master and agent";

    [RootFact]
    public async Task Master_cut_off_with_its_agent_closes_before_another_opens_and_nothing_is_lost()
    {
        await using var net = await SplitBrainNet.CreateAsync(3);
        await using var site = await AgentSite.StartAsync(new AgentSiteOptions { Hosts = net.Hosts });
        await AgentScenario.TellAsync(output, site, site.ThroughHaProxy, [Cut], async story =>
        {
            for (var i = 0; i < Story.Times(normally: 1, atLength: 10); i++)
            {
                var old = await site.MasterAsync();

                // This machine reaches all hosts: these writers stand on the side of the old
                // master.
                await using var atOld = FencedWriters.Start(old, $"cut-{i}");
                await using var atNew = FencedWriters.Start(site.Other(old), $"other-{i}");
                await atOld.AcceptedAsync();
                await story.FaultAsync(Cut, site, member => net.PartitionAsync(site.Members.ToList().IndexOf(member)));
                await atNew.AcceptedAsync();
                Assert.True(
                    atOld.Accepted.Max(write => write.At) < atNew.Accepted.Min(write => write.At),
                    "the old master accepted its last write before the new one its first"
                );
                await story.GoOnAsync();
                await net.HealAsync();
                await site.BringBackAsync();
            }
        });
    }
}
