using ClusterSession.Stores;
using ClusterSession.TestKit.Servers;
using Xunit;

namespace ClusterSession.IntegrationTests.Redis.Topology;

public sealed class SentinelTests
{
    private static readonly SentinelClusterOptions Quick = new() { DownAfter = TimeSpan.FromMilliseconds(500) };

    [Fact]
    public async Task After_kill_9_of_the_master_its_successor_is_used_and_the_old_one_restarted_astray_is_not()
    {
        await using var cluster = await SentinelCluster.StartAsync(Quick);
        await using var store = await TopologyStore.StartAsync(cluster.ConnectionString);
        var counter = store.Counter();
        await counter.IncrementAsync();
        var old = await ReplicatedMasterAsync(cluster);
        await old.Kill9Async();
        await counter.IncrementAsync();
        // Two sentinels at once may promote a replica each, and demote one again.
        Assert.Equal([StoreLoss.None, StoreLoss.Recent], store.Losses.Distinct());

        // Astray: it starts as a master, and stays one until the sentinels demote it. Once they are
        // at one: until then they may replace the master that they have just named.
        await cluster.InSyncAsync();
        var current = await cluster.NewMasterAsync(old);
        await ReachesAsync(counter, current);
        await old.StartAgainAsync();
        var wasMaster = await old.IsMasterAsync();
        await Condition.HoldsAsync(
            async () =>
            {
                await counter.IncrementAsync();
                var isMaster = await old.IsMasterAsync();
                Assert.True(
                    !isMaster
                        || await old.AskAsync("EXISTS", SharedCounter.KeyOf("counter")) == "0"
                        || !await old.IsMasterAsync(),
                    "the stray master was written to"
                );
                return !isMaster;
            },
            "the sentinels demote the stray master"
        );
        Assert.True(wasMaster);
        Assert.Equal(
            counter.Acknowledged.ToString(System.Globalization.CultureInfo.InvariantCulture),
            await SharedCounter.StoredAsync(current)
        );
    }

    [Fact]
    public async Task A_planned_failover_is_followed_although_the_old_master_still_takes_writes()
    {
        await using var cluster = await SentinelCluster.StartAsync(Quick);
        await using var store = await TopologyStore.StartAsync(cluster.ConnectionString);
        var counter = store.Counter();
        await counter.IncrementAsync();
        var current = await cluster.FailoverAsync();
        await ReachesAsync(counter, current);
        Assert.Contains(StoreLoss.Recent, store.Losses);
    }

    [Fact]
    public async Task A_stopped_master_is_left_for_the_new_one()
    {
        await using var cluster = await SentinelCluster.StartAsync(Quick);
        await using var store = await TopologyStore.StartAsync(cluster.ConnectionString);
        var counter = store.Counter();
        await counter.IncrementAsync();
        var old = await ReplicatedMasterAsync(cluster);
        old.Process.Stop();
        await counter.IncrementAsync();
        var current = await cluster.NewMasterAsync(old);
        await ReachesAsync(counter, current);
        var before = counter.Acknowledged;
        old.Process.Continue();
        for (var i = 0; i < 50; i++)
        {
            await counter.IncrementAsync();
        }

        Assert.Equal($"{before + 50}", await SharedCounter.StoredAsync(current));
    }

    [Fact]
    public async Task With_all_sentinels_down_the_master_is_used_on_and_found_again_after_a_cut()
    {
        await using var cluster = await SentinelCluster.StartAsync(Quick);
        await using var store = await TopologyStore.StartAsync(cluster.ConnectionString);
        foreach (var sentinel in cluster.Sentinels)
        {
            await sentinel.Process.Kill9Async();
        }

        var counter = store.Counter();
        await counter.IncrementAsync();
        await cluster.Servers[0].CommandAsync("CLIENT", "KILL", "TYPE", "normal");
        await counter.IncrementAsync();
        Assert.Equal("2", await SharedCounter.StoredAsync(cluster.Servers[0]));
    }

    [Fact]
    public async Task Servers_and_sentinels_with_passwords_of_their_own_are_reached_by_one_sentinel_alone()
    {
        await using var cluster = await SentinelCluster.StartAsync(
            Quick with
            {
                Password = "of-servers",
                SentinelPassword = "of-sentinels",
            }
        );
        await using var store = await TopologyStore.StartAsync(
            $"{cluster.Sentinels[1].Endpoint},serviceName=mymaster,password=of-servers,sentinelPassword=of-sentinels"
        );
        await store.Counter().IncrementAsync();
        Assert.Equal("1", await SharedCounter.StoredAsync(cluster.Servers[0]));
    }

    /// <summary>
    /// The master, once its replicas have what it has: what they lack is lost with it.
    /// </summary>
    private static async Task<RedisServer> ReplicatedMasterAsync(SentinelCluster cluster)
    {
        var master = await cluster.MasterAsync();
        foreach (var replica in await cluster.ReplicasAsync())
        {
            await replica.HasAllOfAsync(master);
        }

        return master;
    }

    /// <summary>
    /// Waits until a write is acknowledged by the master that the sentinels name. The one before
    /// may have gone to another replica: two sentinels at once may promote one each, and demote one
    /// again.
    /// </summary>
    private static Task ReachesAsync(SharedCounter counter, RedisServer master) =>
        Condition.HoldsAsync(
            async () =>
            {
                await counter.IncrementAsync();
                return await SharedCounter.StoredAsync(master) == $"{counter.Acknowledged}";
            },
            "writes reach the new master"
        );
}
