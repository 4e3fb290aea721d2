using ClusterSession.KeyRing;
using ClusterSession.TestKit.Nodes;
using Microsoft.Extensions.DependencyInjection;
using Xunit;

namespace ClusterSession.IntegrationTests.Redis;

/// <summary>A Redis that loses the document of cookie keys alone, and nodes that start.</summary>
public sealed class KeyRingTests : IAsyncLifetime
{
    private const string Key = "cs:1:document:{keyring}";
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

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Ring_that_is_deleted_is_restored_and_a_node_that_starts_then_logs_nobody_out(
        bool arePlacesDeletedToo
    )
    {
        var (a, b) = (await StartAsync(), await StartAsync());
        var browsers = Enumerable.Range(0, 50).Select(i => (i % 2 == 0 ? a : b).Browser()).ToList();
        foreach (var browser in browsers)
        {
            await browser.GetAsync("/set/color/red");
        }

        await KnownAsync(2);
        string[] deleted = arePlacesDeletedToo ? ["DEL", Key, Key + ":at"] : ["DEL", Key];
        await _redis.CommandAsync(deleted);
        var late = await StartAsync();
        foreach (var browser in browsers)
        {
            Assert.Equal("red", await browser.Copy().GetAsync("/get/color", late));
            Assert.Equal("red", await browser.GetAsync("/get/color", b));
        }

        Assert.Equal("1", await _redis.AskAsync("EXISTS", Key));
        Assert.Equal(IdsOf(a), IdsOf(late));
        Assert.Single(IdsOf(a));
    }

    [Fact]
    public async Task Ring_that_is_evicted_is_restored_within_a_second()
    {
        var a = await StartAsync();
        var browser = a.Browser();
        await browser.GetAsync("/set/color/red");
        await _redis.CommandAsync("DEL", Key);
        await Condition.HoldsAsync(
            async () => await _redis.AskAsync("EXISTS", Key) == "1",
            "the ring is restored",
            TimeSpan.FromSeconds(1)
        );
        Assert.Equal("red", await browser.GetAsync("/get/color"));
    }

    [Fact]
    public async Task Ring_has_no_life_that_a_policy_of_eviction_could_choose_it_by()
    {
        await (await StartAsync()).Browser().GetAsync("/set/color/red");
        Assert.Equal(("-1", "-1"), (await _redis.AskAsync("PTTL", Key), await _redis.AskAsync("PTTL", Key + ":at")));
    }

    [Fact]
    public async Task Nodes_that_start_at_once_on_an_empty_Redis_end_with_one_key()
    {
        var nodes = await Task.WhenAll(Enumerable.Range(0, 6).Select(_ => RedisNode.StartAsync(_redis)));
        _nodes.AddRange(nodes);
        var browser = nodes[0].Browser();
        await browser.GetAsync("/set/color/red");
        foreach (var node in nodes)
        {
            Assert.Equal("red", await browser.GetAsync("/get/color", node));
        }

        var id = Assert.Single(IdsOf(nodes[0]));
        Assert.All(nodes, node => Assert.Equal([id], IdsOf(node)));
    }

    private static IEnumerable<int> IdsOf(TestNode node) =>
        node.Services.GetRequiredService<KeyRingSource>().Current!.Keys.Select(key => key.Id).Order();

    /// <summary>So many nodes have announced that they know the ring.</summary>
    private Task KnownAsync(int nodes) =>
        Condition.HoldsAsync(
            async () =>
                (await _redis.AskAsync("ZRANGE", "cs:1:document:{nodes}", "0", "-1")).Split("keyring").Length > nodes,
            "they know the ring"
        );

    private async Task<TestNode> StartAsync()
    {
        var node = await RedisNode.StartAsync(_redis);
        _nodes.Add(node);
        return node;
    }
}
