using ClusterSession.ChaosTests.Scenarios;
using ClusterSession.Failover.Face;
using Xunit;

namespace ClusterSession.ChaosTests.Agents;

/// <summary>
/// A site whose agents agree in a ZooKeeper ensemble: its Redis, its agents and the ensemble itself
/// fail. What the site with a store of its own does is the measure.
/// </summary>
public sealed class ZooKeeperSiteTests(SharedZooKeeperSite shared, ITestOutputHelper output)
    : IClassFixture<SharedZooKeeperSite>,
        IAsyncLifetime
{
    private const string Kill = "kill -9 of the master";
    private const string KillHost = "kill -9 of master and agent";
    private const string KillLeader = "kill -9 of the ensemble's leader";
    private const string KillEnsemble = "kill -9 of the ensemble";
    private const string Switch = "planned switch";

    private static readonly TimeSpan MoreThanALease = TimeSpan.FromSeconds(4);

    private AgentSite Site => shared.Site;

    public async ValueTask InitializeAsync() => await Site.BringBackAsync();

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    [Fact]
    public Task Master_that_is_killed_is_replaced_and_nothing_is_lost() => TellAsync([Kill], async story =>
        {
            var master = await story.FaultAsync(Kill, Site, old => old.KillRedisAsync());
            await story.GoOnAsync();
            Assert.StartsWith("ZooKeeper at ", (await master.StatusAsync())!.Store.Name, StringComparison.Ordinal);
            await Site.BringBackAsync();
        });

    [Fact]
    public Task Master_that_dies_with_its_agent_is_replaced_when_the_session_is_over() =>
        TellAsync([KillHost], async story =>
        {
            await story.FaultAsync(KillHost, Site, async old =>
            {
                await old.KillAgentAsync();
                await old.KillRedisAsync();
            });
            await story.GoOnAsync();
            await Site.BringBackAsync();
        });

    [Theory]
    [InlineData(AgentScenario.AgentKilled)]
    [InlineData(AgentScenario.AgentFrozen)]
    public Task Master_whose_agent_is_gone_closes_by_itself_before_another_opens(string fault) =>
        AgentScenario.AgentIsGoneAsync(output, Site, fault);

    [Fact]
    public Task Planned_switch_fails_no_request() => TellAsync([Switch], async story =>
        {
            await using var through = FencedWriters.Start(Site.Address, "switch");
            await through.AcceptedAsync();
            var master = await story.FaultAsync(Switch, Site, async old =>
            {
                var answer = await old.CommandAsync(new CommandRequest("switch", Site.Other(old).Name));
                Assert.True(answer.Accepted, answer.Refusal?.Reason);
            });
            await through.AcceptedAsync();
            await through.StopAsync();
            Assert.Empty(await through.MissingAsync(master));
            await Site.BringBackAsync();
        });

    [Fact]
    public Task Master_stays_the_master_while_the_ensemble_elects_another_leader() =>
        TellAsync([KillLeader], async story =>
        {
            var master = await Site.MasterAsync();
            await using var writers = FencedWriters.Start(master, "leader");
            await writers.AcceptedAsync();
            await story.FaultAsync(
                KillLeader,
                "the ensemble's leader",
                async () => await (await LeaderAsync()).Process.Kill9Async(),
                async () =>
                {
                    await story.LastsAsync(MoreThanALease);
                    await writers.AcceptedAsync();
                    Assert.Same(master, await Site.MasterAsync());
                },
                Site.BringBackAsync
            );
            await writers.StopAsync();
            Assert.Empty(await writers.MissingAsync(master));
        });

    [Fact]
    public Task Master_without_the_ensemble_goes_on_by_the_other_agents_promise_and_stays_the_master() =>
        TellAsync([KillEnsemble], async story =>
        {
            var master = await Site.MasterAsync();
            var epoch = (await master.StatusAsync())!.Lease.Epoch;
            await using var writers = FencedWriters.Start(master, "promise");
            await using var atOther = FencedWriters.Start(Site.Other(master), "promise-other");
            await writers.AcceptedAsync();
            await story.FaultAsync(
                KillEnsemble,
                "all ZooKeeper servers",
                Site.KillZooKeepersAsync,
                async () =>
                {
                    await story.LastsAsync(MoreThanALease);
                    await writers.AcceptedAsync();
                    var status = (await master.StatusAsync())!;
                    Assert.Equal((false, master.Name), (status.Store.IsReachable, status.Ruler));
                    Assert.Equal(503, await Site.Other(master).GetAsync("/health"));
                },
                Site.BringBackAsync
            );
            await Condition.HoldsAsync(
                async () =>
                    await master.StatusAsync() is { Store.IsReachable: true, Lease: { IsHeld: true } lease } status
                    && status.Ruler == master.Name
                    && lease.Holder == master.Name
                    && lease.Epoch >= epoch,
                $"{master.Name} holds the lease"
            );
            await writers.AcceptedAsync();
            await writers.StopAsync();
            await atOther.StopAsync();
            Assert.Empty(atOther.Accepted);
            Assert.Empty(await writers.MissingAsync(master));
        });

    [Fact]
    public Task Master_without_the_ensemble_closes_when_the_other_agent_is_gone_too() =>
        TellAsync([KillEnsemble], async story =>
        {
            var master = await Site.MasterAsync();
            var other = Site.Other(master);
            await using var writers = FencedWriters.Start(master, "closes");
            await writers.AcceptedAsync();
            await story.FaultAsync(
                KillEnsemble,
                "all ZooKeeper servers, and an agent",
                () => Task.WhenAll(Site.KillZooKeepersAsync(), other.KillAgentAsync()),
                async () =>
                {
                    await writers.RefusedAsync();
                    var accepted = writers.Accepted.Count;
                    await story.LastsAsync(MoreThanALease);
                    Assert.Equal(accepted, writers.Accepted.Count);
                    Assert.Contains(
                        "role:slave",
                        await other.AskRedisAsync("INFO", "replication"),
                        StringComparison.Ordinal
                    );
                },
                Site.BringBackAsync
            );
            await Site.MasterAsync();
            await story.GoOnAsync();
            await writers.StopAsync();
            Assert.Empty(await writers.MissingAsync(await Site.MasterAsync()));
        });

    private async Task<ZooKeeperServer> LeaderAsync()
    {
        foreach (var server in Site.ZooKeepers)
        {
            if (await server.ModeAsync() == "leader")
            {
                return server;
            }
        }

        throw new InvalidOperationException("The ensemble has no leader.");
    }

    private Task TellAsync(string[] faults, Func<Story, Task> tell) =>
        AgentScenario.TellAsync(output, Site, Site.ThroughHaProxy, faults, tell);
}
