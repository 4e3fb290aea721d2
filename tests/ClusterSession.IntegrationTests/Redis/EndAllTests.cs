using System.Diagnostics;
using ClusterSession.Sessions.Principals;
using ClusterSession.TestKit.Nodes;
using ClusterSession.TestKit.Servers;
using Xunit;

namespace ClusterSession.IntegrationTests.Redis;

/// <summary>Logging somebody out everywhere, while the store fails.</summary>
public sealed class EndAllTests : IAsyncDisposable
{
    private static readonly SentinelClusterOptions Quick = new() { DownAfter = TimeSpan.FromMilliseconds(500) };
    private static readonly TimeSpan Promised = TimeSpan.FromSeconds(1);
    private readonly List<TestNode> _nodes = [];

    [Fact]
    public async Task Nodes_with_hot_local_copies_refuse_all_sessions_of_somebody_within_a_second_and_nobody_elses()
    {
        await using var redis = await RedisServer.StartAsync();
        var (a, b) = (await StartAsync(redis.ConnectionString), await StartAsync(redis.ConnectionString));
        var theirs = await Task.WhenAll(Enumerable.Range(0, 10).Select(i => HotAsync("alice", i % 2 == 0 ? a : b, a, b)));
        var (bobs, nobodys) = (await HotAsync("bob", a, b), await HotAsync(null, a, b));
        await a.EndAllAsync("alice");
        await RefusedAsync(theirs, b, a);
        Assert.Equal("red", await bobs.GetAsync("/get/color", b));
        Assert.Equal("LocalCopy", await nobodys.GetAsync("/source", b));
        await theirs[0].GetAsync("/set/color/blue?as=alice", b);
        Assert.Equal("blue", await theirs[0].GetAsync("/get/color", a));
    }

    [Fact]
    public async Task Requests_of_somebody_whose_ends_are_known_cost_no_command()
    {
        await using var redis = await RedisServer.StartAsync();
        var (a, b) = (await StartAsync(redis.ConnectionString), await StartAsync(redis.ConnectionString));
        await a.EndAllAsync("alice");
        var browser = await HotAsync("bob", a, b);
        await Condition.HoldsAsync(async () => await browser.GetAsync("/source", b) == "LocalCopy", "the ends are known");
        var before = await RedisCommands.CountAsync(redis);
        for (var i = 0; i < 100; i++)
        {
            await browser.GetAsync("/get/color?as=bob", b);
        }

        Assert.Equal(0, (await RedisCommands.CountAsync(redis) - before).Total);
    }

    [Fact]
    public async Task Store_that_is_stopped_and_started_empty_gets_the_ends_back()
    {
        await using var redis = await RedisServer.StartAsync();
        var (a, b) = (await StartAsync(redis.ConnectionString), await StartAsync(redis.ConnectionString));
        var browser = await HotAsync("alice", a, b);
        await a.EndAllAsync("alice");
        await redis.RestartAsync();
        await Condition.HoldsAsync(async () => await redis.AskAsync("EXISTS", Key) == "1", "the list is given back");
        await RefusedAsync([browser], b, a);
        var late = await StartAsync(redis.ConnectionString);
        Assert.Equal("", await browser.GetAsync("/get/color", late));
    }

    [Fact]
    public async Task Master_killed_meanwhile_delays_the_acknowledgement_and_not_what_it_promises()
    {
        await using var cluster = await SentinelCluster.StartAsync(Quick);
        var (a, b) = (await StartAsync(cluster.ConnectionString), await StartAsync(cluster.ConnectionString));
        var theirs = await Task.WhenAll(Enumerable.Range(0, 10).Select(i => HotAsync("alice", i % 2 == 0 ? a : b, a, b)));
        var old = await cluster.MasterAsync();
        var killing = old.Kill9Async();
        await Condition.HoldsAsync(
            async () =>
            {
                try
                {
                    await a.EndAllAsync("alice");
                    return true;
                }
                catch (SessionUnavailableException)
                {
                    Assert.Equal("", await theirs[0].Copy().GetAsync("/get/color", a)); // Here it holds at once.
                    return false;
                }
            },
            "it is acknowledged",
            TimeSpan.FromSeconds(60));
        await killing;
        await RefusedAsync(theirs, b, a);
    }

    [Fact]
    public async Task Promoted_replica_that_never_had_the_end_gets_it_from_the_nodes()
    {
        await using var cluster = await SentinelCluster.StartAsync(Quick);
        var (a, b) = (await StartAsync(cluster.ConnectionString), await StartAsync(cluster.ConnectionString));
        var browser = await HotAsync("alice", a, b);
        var old = await cluster.MasterAsync();
        var replicas = await cluster.ReplicasAsync();
        var held = await ReplicaPauser.HoldBackAsync(old, replicas);
        await a.EndAllAsync("alice");
        Assert.All(await Task.WhenAll(replicas.Select(replica => replica.AskAsync("EXISTS", Key))), exists => Assert.Equal("0", exists));
        await old.Kill9Async();
        var promoted = await cluster.NewMasterAsync(old);
        await held.ReleaseAsync();
        await Condition.HoldsAsync(async () => await promoted.AskAsync("EXISTS", Key) == "1", "the list is given back", TimeSpan.FromSeconds(60));
        await RefusedAsync([browser], b, a);
        var late = await StartAsync(cluster.ConnectionString);
        Assert.Equal("", await browser.GetAsync("/get/color", late));
    }

    [Fact]
    public async Task On_a_cluster_every_shard_has_sessions_of_somebody_and_all_are_refused()
    {
        await using var cluster = await RedisClusterFixture.StartAsync();
        var (a, b) = (await StartAsync(cluster.ConnectionString), await StartAsync(cluster.ConnectionString));
        var theirs = await Task.WhenAll(Enumerable.Range(0, 30).Select(i => HotAsync("alice", i % 2 == 0 ? a : b, a, b)));
        await a.EndAllAsync("alice");
        await RefusedAsync(theirs, b, a);
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var node in _nodes)
        {
            await node.DisposeAsync();
        }
    }

    private static string Key => "cs:1:document:{" + Revocations.DocumentName + "}";

    private async Task<TestNode> StartAsync(string connectionString)
    {
        var node = await TestNode.StartAsync(RedisNode.Store(connectionString), before: Login.ByQuery);
        _nodes.Add(node);
        return node;
    }

    private static async Task<TestBrowser> HotAsync(string? name, TestNode first, params TestNode[] nodes)
    {
        var query = name is null ? "" : "?as=" + name;
        var browser = first.Browser();
        await browser.GetAsync("/set/color/red" + query);
        foreach (var node in nodes)
        {
            Assert.Equal("red", await browser.GetAsync("/get/color" + query, node));
        }

        return browser;
    }

    /// <summary>Each of the nodes, one after the other, refuses all of these within what is promised after the acknowledgement, and from then on.</summary>
    private static async Task RefusedAsync(IReadOnlyList<TestBrowser> browsers, params TestNode[] nodes)
    {
        var since = Stopwatch.StartNew();
        foreach (var node in nodes)
        {
            foreach (var browser in browsers)
            {
                await Condition.HoldsAsync(
                    async () => await browser.Copy().GetAsync("/get/color", node) == "", "the session is refused", Promised - since.Elapsed is var left && left > TimeSpan.Zero ? left : TimeSpan.Zero);
            }
        }

        foreach (var node in nodes)
        {
            foreach (var browser in browsers)
            {
                Assert.Equal("", await browser.Copy().GetAsync("/get/color", node));
            }
        }
    }
}
