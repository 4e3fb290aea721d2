using ClusterSession.ChaosTests.Scenarios;
using Xunit;

namespace ClusterSession.ChaosTests.Agents;

/// <summary>
/// A site whose agents agree in etcd: what depends on the store. What the site with a store of its
/// own does is the measure.
/// </summary>
public sealed class EtcdSiteTests(SharedEtcdSite shared, ITestOutputHelper output)
    : IClassFixture<SharedEtcdSite>,
        IAsyncLifetime
{
    private const string Kill = "kill -9 of the master";
    private const string KillStore = "kill -9 of etcd";

    private static readonly TimeSpan MoreThanALease = TimeSpan.FromSeconds(4);

    private AgentSite Site => shared.Site;

    public async ValueTask InitializeAsync() => await Site.BringBackAsync();

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    [Fact]
    public Task Master_that_is_killed_is_replaced_and_nothing_is_lost() => TellAsync([Kill], async story =>
        {
            var master = await story.FaultAsync(Kill, Site, old => old.KillRedisAsync());
            await story.GoOnAsync();
            Assert.StartsWith("etcd at ", (await master.StatusAsync())!.Store.Name, StringComparison.Ordinal);
            await Site.BringBackAsync();
        });

    [Fact]
    public Task Master_whose_agent_is_frozen_closes_by_itself_before_another_opens() =>
        AgentScenario.AgentIsGoneAsync(output, Site, AgentScenario.AgentFrozen);

    [LongFact]
    public Task Master_without_etcd_goes_on_by_the_other_agents_promise_and_is_the_master_afterwards() =>
        TellAsync([KillStore], async story =>
        {
            var master = await Site.MasterAsync();
            var epoch = (await master.StatusAsync())!.Lease.Epoch;
            await using var writers = FencedWriters.Start(master, "promise");
            await using var atOther = FencedWriters.Start(Site.Other(master), "promise-other");
            await writers.AcceptedAsync();
            await story.FaultAsync(
                KillStore,
                "all etcd servers",
                Site.KillEtcdsAsync,
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

    private Task TellAsync(string[] faults, Func<Story, Task> tell) =>
        AgentScenario.TellAsync(output, Site, Site.ThroughHaProxy, faults, tell);
}
