using System.Diagnostics;
using ClusterSession.KeyRing;
using ClusterSession.Records;
using ClusterSession.Recovery;
using ClusterSession.Stores;
using ClusterSession.TestKit.Metrics;
using ClusterSession.TestKit.Nodes;
using ClusterSession.TestKit.Servers;
using ClusterSession.TestKit.Sessions;
using Microsoft.Extensions.DependencyInjection;
using Xunit;

namespace ClusterSession.IntegrationTests.Redis.Topology;

/// <summary>
/// One shard of three does not respond, or has another master: that concerns its own sessions only.
/// </summary>
public sealed class ShardTests
{
    private const int Sessions = 60;

    // Else Redis itself refuses the commands of the other shards while one has no master.
    private const string EachForItself = "cluster-require-full-coverage no";

    [Fact]
    public async Task Frozen_shard_makes_no_request_of_other_shards_sessions_wait_or_fail()
    {
        await using var cluster = await StartFreezableAsync();
        await using var store = RedisNode.Store(cluster.ConnectionString);
        await using var a = await TestNode.StartAsync(RedisNode.Store(cluster.ConnectionString));
        var asked = new AskedPartitions(store);
        await using var cold = await TestNode.StartAsync(asked);
        await ConnectedAsync(cold);
        var browsers = await BeginAsync(a);
        var shard = NumberOf(store, cluster.Servers[0]);
        var (stuck, others) = Split(browsers, store, shard);

        cluster.Servers[0].Process.Stop();
        asked.Reset();
        var waiting = stuck.Select(browser => browser.GetAsync("/get/color", cold)).ToArray();
        var failed = 0;
        foreach (var browser in others)
        {
            failed += await browser.GetAsync("/get/color", cold) == "red" ? 0 : 1;
            failed += await browser.GetAsync("/set/color/blue", cold) == "blue" ? 0 : 1;
        }

        // What waited was asked by the requests of its own sessions, once each.
        Assert.Equal((0, stuck.Length), (failed, asked.Count(shard)));
        Assert.All(await Task.WhenAll(waiting), static body => Assert.NotEqual("red", body));
        Assert.All(stuck, static browser => Assert.Equal(503, (int)browser.LastStatus));
        Assert.Equal(2, cold.Figures().Partitions.Count(static partition => partition.IsResponding));
        foreach (var browser in others)
        {
            failed += await browser.GetAsync("/set/color/green", cold) == "green" ? 0 : 1;
        }

        for (var i = 0; i < 20; i++)
        {
            failed += await cold.Browser().GetAsync("/set/color/white") == "white" ? 0 : 1;
        }

        Assert.Equal(0, failed);
        cluster.Servers[0].Process.Continue();
        foreach (var browser in stuck)
        {
            Assert.Equal("red", await browser.GetOnceFoundAsync("/get/color", cold));
        }
    }

    [Fact]
    public async Task No_session_of_another_shard_expires_in_use_while_one_is_frozen()
    {
        // Frozen for 40 s at length.
        var idle = TimeSpan.FromSeconds(Environment.GetEnvironmentVariable("CLUSTERSESSION_LONG") == "1" ? 16 : 6);
        await using var cluster = await StartFreezableAsync();
        await using var store = RedisNode.Store(cluster.ConnectionString);
        await using var a = await TestNode.StartAsync(store, options: options => options.IdleTimeout = idle);
        await using var cold = await TestNode.StartAsync(RedisNode.Store(cluster.ConnectionString), options: options =>
            options.IdleTimeout = idle
        );
        await ConnectedAsync(cold);
        var browsers = await BeginAsync(a);
        var (stuck, others) = Split(browsers, store, NumberOf(store, cluster.Servers[0]));

        cluster.Servers[0].Process.Stop();
        var clock = Stopwatch.StartNew();
        var lost = 0;
        await Condition.HoldsAsync(
            async () =>
            {
                foreach (var browser in others)
                {
                    lost += await browser.GetAsync("/get/color") == "red" ? 0 : 1;
                }

                // Used as well, so that touches of theirs are due all the time.
                await Task.WhenAll(stuck.Select(static browser => browser.GetAsync("/get/color")));
                return clock.Elapsed > 2.5 * idle;
            },
            "that much time has passed",
            TimeSpan.FromMinutes(3)
        );
        foreach (var browser in others)
        {
            lost += await browser.GetAsync("/get/color", cold) == "red" ? 0 : 1;
        }

        Assert.Equal(0, lost);
        cluster.Servers[0].Process.Continue();
    }

    [Fact]
    public async Task Promoted_shard_alone_is_given_its_sessions_back_and_the_others_notice_nothing()
    {
        await using var cluster = await RedisClusterFixture.StartAsync(config: EachForItself);
        await using var store = RedisNode.Store(cluster.ConnectionString);
        await using var a = await TestNode.StartAsync(store);
        await using var cold = await TestNode.StartAsync(RedisNode.Store(cluster.ConnectionString));
        await ConnectedAsync(cold);
        await ConnectedAsync(a);
        var dead = cluster.Servers[0];
        await cluster.Servers[3].HasAllOfAsync(dead);
        await ReplicaPauser.HoldBackAsync(dead, [cluster.Servers[3]]);
        var browsers = await BeginAsync(a);
        var (lost, others) = Split(browsers, store, NumberOf(store, dead));
        using var replayed = new CounterReading(a.Services, "clustersession.replayed");

        await dead.Kill9Async();
        var failed = 0;
        await Condition.HoldsAsync(
            async () =>
            {
                foreach (var browser in others)
                {
                    failed += await browser.GetAsync("/set/n/1", cold) == "1" ? 0 : 1;
                    failed += await browser.GetAsync("/get/color") == "red" ? 0 : 1;
                }

                return replayed.Value >= lost.Length && a.Services.GetRequiredService<StoreRecovery>().IsSettled;
            },
            "the promoted replica is given what it lacks",
            TimeSpan.FromMinutes(1)
        );

        Assert.Equal((0, lost.Length), (failed, replayed.Value));
        foreach (var browser in lost)
        {
            Assert.Equal("red", await browser.GetOnceFoundAsync("/get/color", cold));
            Assert.Equal("False", await browser.GetAsync("/regressed", cold));
        }
    }

    [Fact]
    public async Task Promoted_replica_has_the_partition_of_its_shard_and_slots_that_move_are_reported()
    {
        await using var cluster = await RedisClusterFixture.StartAsync();
        await using var store = await TopologyStore.StartAsync(cluster.ConnectionString);
        var ofMasters = cluster.Servers.Take(3).Select(server => NumberOf(store.Store, server)).ToArray();
        await Condition.HoldsAsync(() => store.LossesOf.Count == 3, "all shards are connected");
        Assert.Equal(ofMasters.Order(), store.LossesOf.Select(static loss => loss.Partition).Order());

        Assert.Equal("OK", await cluster.Servers[3].CommandAsync("CLUSTER", "FAILOVER"));
        await Condition.HoldsAsync(() => store.LossesOf.Count == 4, "the new master is connected");
        Assert.Equal((ofMasters[0], StoreLoss.Recent), store.LossesOf.Last());
        await Condition.HoldsAsync(
            () => NumberOf(store.Store, cluster.Servers[3]) == ofMasters[0],
            "it has the name of its server"
        );
        Assert.Empty(store.Moves);

        await cluster.NewOwnerAsync(0, cluster.Servers[0]);
        await cluster.ReshardAsync(0, 3, cluster.Servers[1]);
        await Condition.HoldsAsync(() => store.Moves.Contains((ofMasters[0], ofMasters[1])), "the move is reported");
        Assert.Equal(4, store.LossesOf.Count);
    }

    private static Task<RedisClusterFixture> StartFreezableAsync() =>
        RedisClusterFixture.StartAsync(replicasEach: 0, nodeTimeout: TimeSpan.FromMinutes(5), config: EachForItself);

    /// <summary>
    /// Waits until a node has connected to all shards, and read the keys that sign cookies. Begins
    /// no session.
    /// </summary>
    private static Task ConnectedAsync(TestNode node) =>
        Condition.HoldsAsync(
            async () =>
            {
                var store = node.Services.GetRequiredService<IClusterSessionStore>();
                var reads = await Task.WhenAll(
                    Enumerable
                        .Range(0, Sessions)
                        .Select(_ => store.ReadAsync(SessionKeys.New(), SessionVersion.None, default).AsTask())
                );
                return reads.All(static read => read.Failure == StoreFailure.None)
                    && node.Services.GetRequiredService<KeyRingSource>().Current is not null;
            },
            "the node is connected to all shards"
        );

    private static async Task<TestBrowser[]> BeginAsync(TestNode node)
    {
        await ConnectedAsync(node);
        var browsers = Enumerable.Range(0, Sessions).Select(_ => node.Browser()).ToArray();
        foreach (var browser in browsers)
        {
            Assert.Equal("red", await browser.GetAsync("/set/color/red"));
        }

        return browsers;
    }

    private static int NumberOf(IClusterSessionStore store, RedisServer server) =>
        store
            .Partitions.SingleOrDefault(partition => partition.Name == server.Endpoint, new StorePartition(-1, ""))
            .Number;

    private static (TestBrowser[] Of, TestBrowser[] Others) Split(
        TestBrowser[] browsers,
        IClusterSessionStore store,
        int partition
    )
    {
        var of = browsers.ToLookup(browser => store.PartitionOf(KeyOf(browser)) == partition);
        Assert.True(of[true].Any() && of[false].Any());
        return ([.. of[true]], [.. of[false]]);
    }

    private static SessionKey KeyOf(TestBrowser browser)
    {
        Assert.True(SessionId.TryParse(browser.Id!, out var id));
        return SessionKey.Of(id);
    }
}
