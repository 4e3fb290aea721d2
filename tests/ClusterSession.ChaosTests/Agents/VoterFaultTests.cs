using ClusterSession.ChaosTests.Scenarios;
using ClusterSession.TestKit.Servers;
using Xunit;

namespace ClusterSession.ChaosTests.Agents;

/// <summary>
/// The voter alone is killed, frozen or cut off: two of three votes are left, and nothing changes
/// for anybody.
/// </summary>
public sealed class VoterFaultTests(ITestOutputHelper output)
{
    private static readonly TimeSpan MoreThanALease = TimeSpan.FromSeconds(4);

    [LongFact]
    public async Task Voter_that_is_killed_or_frozen_moves_no_lease_and_refuses_no_write()
    {
        await using var site = await AgentSite.StartAsync();
        await TellAsync(site, "kill -9 of the voter", () => site.Voter.Kill9Async(), () => Task.CompletedTask);
        await TellAsync(
            site,
            "SIGSTOP of the voter",
            () =>
            {
                site.Voter.Stop();
                return Task.CompletedTask;
            },
            () =>
            {
                site.Voter.Continue();
                return Task.CompletedTask;
            }
        );
    }

    /// <summary>HAProxy is cut off with it; the nodes know both Redis.</summary>
    [LongFact(needsNamespaces: true)]
    public async Task Voter_that_is_cut_off_moves_no_lease_and_refuses_no_write()
    {
        const int Third = 2;
        await using var net = await SplitBrainNet.CreateAsync(3);
        await using var site = await AgentSite.StartAsync(new AgentSiteOptions { Hosts = net.Hosts });
        await TellAsync(site, "link down of the voter", () => net.PartitionAsync(Third), net.HealAsync);
    }

    private Task TellAsync(AgentSite site, string fault, Func<Task> cause, Func<Task> heal) =>
        AgentScenario.TellAsync(output, site, site.PastHaProxy, [fault], async story =>
        {
            var master = await site.MasterAsync();
            var epoch = (await master.StatusAsync())!.Lease.Epoch;
            await using var writers = FencedWriters.Start(master, "voterless");
            await writers.AcceptedAsync();
            await story.FaultAsync(
                fault,
                "voter",
                cause,
                async () =>
                {
                    await story.LastsAsync(MoreThanALease);
                    await writers.AcceptedAsync();
                    Assert.Equal(200, await master.GetAsync("/primary"));
                },
                async () =>
                {
                    await heal();
                    await site.BringBackAsync();
                }
            );
            // When the voter is back the store elects a leader anew, and cannot be read meanwhile.
            await Condition.HoldsAsync(
                async () =>
                    await master.StatusAsync() is { Lease: var lease }
                    && (lease.Holder, lease.Epoch) == (master.Name, epoch),
                "the lease is where it was"
            );
            Assert.Equal(0, writers.Refused);
        });
}
