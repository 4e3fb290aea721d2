using System.Globalization;
using ClusterSession.Ends;
using ClusterSession.Local;
using ClusterSession.Records;
using ClusterSession.TestKit.Nodes;
using ClusterSession.TestKit.Sessions;
using Microsoft.Extensions.DependencyInjection;
using Xunit;

namespace ClusterSession.IntegrationTests.Redis;

/// <summary>Sessions that one node has ended, and a Redis that loses that.</summary>
public sealed class EndsTests : IAsyncLifetime
{
    private const string Document = "cs:1:document:{ends}";
    private const int Many = 20;
    private readonly List<TestNode> _nodes = [];
    private RedisServer _redis = null!;

    public async ValueTask InitializeAsync() => _redis = await RedisServer.StartAsync();

    public async ValueTask DisposeAsync()
    {
        foreach (var node in _nodes)
        {
            await node.DisposeAsync();
        }

        await _redis.DisposeAsync();
    }

    [Fact]
    public async Task Sessions_whose_tombstones_are_deleted_are_restored_by_no_node_that_has_a_copy()
    {
        var (a, b) = (await StartAsync(), await StartAsync());
        var browsers = await HotAsync(a, b);
        var thieves = browsers.ConvertAll(browser => browser.Copy());
        foreach (var browser in browsers)
        {
            await browser.GetAsync("/destroy", a);
        }

        await KnowsAsync(b);
        var tombstones = (await _redis.AskAsync("KEYS", "cs:1:{*")).Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(Many, tombstones.Length);
        await _redis.CommandAsync(["DEL", .. tombstones.Select(key => key.Trim())]);
        Assert.Equal(0, await ServedAsync(thieves, b));
        Assert.Equal("", (await _redis.AskAsync("KEYS", "cs:1:{*")).Trim());
    }

    [Fact]
    public async Task Redis_that_starts_from_a_snapshot_older_than_the_ends_serves_none_of_them()
    {
        var (a, b) = (await StartAsync(), await StartAsync());
        var browsers = await HotAsync(a, b);
        var thieves = browsers.ConvertAll(browser => browser.Copy());
        Assert.Equal("OK", await _redis.CommandAsync("SAVE"));
        for (var i = 0; i < Many; i++)
        {
            await browsers[i].GetAsync(i % 2 == 0 ? "/destroy" : "/rotate", a);
        }

        await KnowsAsync(b);
        _nodes.Remove(a);
        await a.DisposeAsync();
        await _redis.Kill9Async();
        await _redis.StartAgainAsync();
        await Condition.HoldsAsync(async () => await _redis.AskAsync("EXISTS", Document) == "1", "the ends are back");
        Assert.Equal(0, await ServedAsync(thieves, b));
        var late = await StartAsync();
        await KnowsAsync(late);
        Assert.Equal(0, await ServedAsync(thieves, late));
    }

    [Fact]
    public async Task Promoted_replica_that_lacks_the_newest_end_is_given_it()
    {
        await using var replica = await RedisServer.StartAsync(new RedisServerOptions { ReplicaOf = _redis.Port });
        await replica.HasAllOfAsync(_redis);
        var both = $"{_redis.Endpoint},{replica.Endpoint}";
        var (a, b) = (await StartAsync(both), await StartAsync(both));
        var browsers = await HotAsync(a, b);
        var thieves = browsers.ConvertAll(browser => browser.Copy());
        foreach (var browser in browsers.Take(Many - 1))
        {
            await browser.GetAsync("/destroy", a);
        }

        await KnowsAsync(b, Many - 1);
        await replica.HasAllOfAsync(_redis);
        var asked = await RolesAsync();
        await Condition.HoldsAsync(
            async () => await RolesAsync() >= asked + 4,
            "the nodes know how far the history had come by then"
        );
        Assert.Equal("OK", await replica.CommandAsync("REPLICAOF", "NO", "ONE"));
        await browsers[^1].GetAsync("/destroy", a);
        await KnowsAsync(b, Many);
        var all = await MembersAsync(_redis);
        Assert.Equal(all - 1, await MembersAsync(replica));
        await _redis.Kill9Async();
        await Condition.HoldsAsync(async () => await MembersAsync(replica) == all, "the end is there");
        Assert.Equal(0, await ServedAsync(thieves, b));
        Assert.Equal(0, await ServedAsync(thieves, a));

        async Task<int> RolesAsync() =>
            int.Parse(
                (await _redis.InfoAsync("commandstats", "cmdstat_role")).Split('=', ',')[1],
                CultureInfo.InvariantCulture
            );
    }

    [Fact]
    public async Task Ends_of_many_sessions_at_once_are_announced_together()
    {
        var (a, b) = (await StartAsync(), await StartAsync());
        await Condition.HoldsAsync(
            () => Task.FromResult(a.Services.GetRequiredService<SharedEnds>().HasBeenRead),
            "it has begun"
        );
        var ends = a.Services.GetRequiredService<KnownEnds>();
        for (var i = 0; i < 5_000; i++)
        {
            ends.Add(SessionKeys.New(), new SessionEnd(new SessionVersion(i + 1, 1)));
        }

        await Condition.HoldsAsync(
            () => Task.FromResult(b.Services.GetRequiredService<KnownEnds>().Count == 5_000),
            "the other one knows them"
        );
        Assert.InRange(await MembersAsync(_redis), 2 + 5, 2 + 5 + 100); // At most one in 25 ms besides.
    }

    private static Task KnowsAsync(TestNode node, int ends = Many) =>
        Condition.HoldsAsync(
            () => Task.FromResult(node.Services.GetRequiredService<KnownEnds>().Count == ends),
            "it knows the ends"
        );

    private static async Task<int> MembersAsync(RedisServer redis) =>
        int.Parse(await redis.AskAsync("ZCARD", Document), CultureInfo.InvariantCulture);

    /// <summary>How many of the sessions that were ended are served.</summary>
    private static async Task<int> ServedAsync(List<TestBrowser> thieves, TestNode node)
    {
        var served = 0;
        foreach (var thief in thieves)
        {
            served += await thief.Copy().GetOnceFoundAsync("/get/color", node) == "red" ? 1 : 0;
        }

        return served;
    }

    private static async Task<List<TestBrowser>> HotAsync(TestNode a, TestNode b)
    {
        var browsers = new List<TestBrowser>();
        for (var i = 0; i < Many; i++)
        {
            var browser = a.Browser();
            await browser.GetOnceFoundAsync("/set/color/red", a);
            Assert.Equal("red", await browser.GetOnceFoundAsync("/get/color", b));
            browsers.Add(browser);
        }

        return browsers;
    }

    private async Task<TestNode> StartAsync(string? servers = null)
    {
        var node = await TestNode.StartAsync(RedisNode.Store(servers ?? _redis.ConnectionString));
        _nodes.Add(node);
        return node;
    }
}
