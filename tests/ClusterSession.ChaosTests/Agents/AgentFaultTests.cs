using ClusterSession.ChaosTests.Scenarios;
using ClusterSession.Failover.Face;
using Xunit;

namespace ClusterSession.ChaosTests.Agents;

/// <summary>
/// What happens to agents, the voter and whole hosts; the nodes are connected past HAProxy.
/// </summary>
public sealed class AgentFaultTests(SharedAgentSite shared, ITestOutputHelper output)
    : IClassFixture<SharedAgentSite>,
        IAsyncLifetime
{
    private static readonly TimeSpan MoreThanALease = TimeSpan.FromSeconds(4);

    private AgentSite Site => shared.Site;

    public async ValueTask InitializeAsync() => await Site.BringBackAsync();

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    [Theory]
    [InlineData(AgentScenario.AgentKilled)]
    [InlineData(AgentScenario.AgentFrozen)]
    public Task Master_whose_agent_is_gone_closes_by_itself_before_another_opens(string fault) =>
        AgentScenario.AgentIsGoneAsync(output, Site, fault);

    [LongFact]
    public Task Master_that_dies_with_its_agent_is_replaced_when_the_lease_is_over() =>
        AgentScenario.TellAsync(output, Site, Site.ThroughHaProxy, ["kill -9 of master and agent"], async story =>
        {
            await story.FaultAsync("kill -9 of master and agent", Site, async old =>
            {
                await old.KillAgentAsync();
                await old.KillRedisAsync();
            });
            await story.GoOnAsync();
            await Site.BringBackAsync();
        });

    [LongFact]
    public async Task Master_frozen_with_its_agent_takes_nothing_when_both_thaw()
    {
        const string Frozen = "SIGSTOP of master and agent";
        var old = await Site.MasterAsync();
        await using var atOld = FencedWriters.Start(old, "both");
        await using var atNew = FencedWriters.Start(Site.Other(old), "both-other");
        await atOld.AcceptedAsync();
        await AgentScenario.TellAsync(output, Site, Site.PastHaProxy, [Frozen], async story =>
        {
            await story.FaultAsync(Frozen, Site, member =>
            {
                member.Agent.Stop();
                member.Redis.Process.Stop();
                return Task.CompletedTask;
            });
            await atNew.AcceptedAsync();
            old.Redis.Process.Continue();
            old.Agent.Continue();
            await atOld.RefusedAsync();
            Assert.True(
                atOld.Accepted.Max(write => write.At) < atNew.Accepted.Min(write => write.At),
                "the old master accepted its last write before the new one its first"
            );
            await story.GoOnAsync();
            await Site.BringBackAsync();
        });
        Assert.Empty(await atOld.MissingAsync(Site.Other(old)));
    }

    [LongFact]
    public Task Host_that_dies_with_master_agent_and_voter_is_replaced_only_when_a_voter_is_back() =>
        AgentScenario.TellAsync(output, Site, Site.ThroughHaProxy, ["kill -9 of a host"], async story =>
        {
            var left = Site.Other(await Site.MasterAsync());
            var master = await story.FaultAsync("kill -9 of a host", Site, async old =>
            {
                await Task.WhenAll(old.KillAgentAsync(), old.KillRedisAsync(), Site.Voter.Kill9Async());
                await story.LastsAsync(MoreThanALease);
                Assert.Contains(
                    "role:slave",
                    await left.AskRedisAsync("INFO", "replication"),
                    StringComparison.Ordinal
                );
                Assert.Equal((503, 503), (await left.GetAsync("/primary"), await left.GetAsync("/health")));
                await Site.StartVoterAsync();
            });
            Assert.Same(left, master);
            await Site.BringBackAsync();
        });

    [Fact]
    public Task While_all_agents_are_dead_nobody_is_promoted_and_nodes_go_on_from_their_copies() =>
        AgentScenario.TellAsync(output, Site, Site.PastHaProxy, ["kill -9 of all agents"], async story =>
        {
            var old = await Site.MasterAsync();
            var other = Site.Other(old);
            await story.FaultAsync(
                "kill -9 of all agents",
                "all agents",
                () => Task.WhenAll(old.KillAgentAsync(), other.KillAgentAsync()),
                async () =>
                {
                    await using var writers = FencedWriters.Start(old, "agentless");
                    await writers.RefusedAsync(); // Closed, and nobody has done that.
                    await story.LastsAsync(MoreThanALease);
                    Assert.Contains(
                        "role:slave",
                        await other.AskRedisAsync("INFO", "replication"),
                        StringComparison.Ordinal
                    );
                    Assert.Equal((0, 0), (await old.GetAsync("/primary"), await other.GetAsync("/primary")));
                },
                Site.BringBackAsync
            );
        });

    [Fact]
    public async Task Lost_coordination_store_opens_nothing_until_its_epochs_are_raised_and_nodes_go_on()
    {
        for (var i = 0; i < 2; i++) // Data of an epoch that a new store does not grant next.
        {
            var master = await Site.MasterAsync();
            await master.CommandAsync(new CommandRequest("switch", Site.Other(master).Name));
            await Site.NewMasterAsync(master);
            await Site.BringBackAsync();
        }

        await AgentScenario.TellAsync(output, Site, Site.PastHaProxy, ["store lost"], story => story.FaultAsync(
                "store lost",
                "all agents",
                Site.LoseStoreAsync,
                async () =>
                {
                    await Site.StartVoterAsync();
                    await Task.WhenAll(Site.Members.Select(member => member.StartAgentAsync()));
                    await Condition.HoldsAsync(
                        async () => (await Site.Members[0].StatusAsync())?.Reason.Contains("store was lost") is true,
                        "the agent says that the store was lost",
                        TimeSpan.FromSeconds(60)
                    );
                    await story.LastsAsync(MoreThanALease);
                    foreach (var member in Site.Members)
                    {
                        Assert.Equal(503, await member.GetAsync("/primary"));
                    }
                },
                async () =>
                {
                    var answer = await Site.Members[0].CommandAsync(new CommandRequest("raise-epoch"));
                    Assert.True(answer.Accepted, answer.Refusal?.Reason);
                    await Site.BringBackAsync();
                }
            ));
    }
}
