using ClusterSession.TestKit.Nodes;
using ClusterSession.TestKit.Servers;
using Xunit;

namespace ClusterSession.IntegrationTests.Redis.Topology;

/// <summary>
/// TLS on every link: to the servers, to the sentinels, and between the servers, none of which has
/// a plain port.
/// </summary>
public sealed class TlsTopologyTests : IDisposable
{
    private readonly TestCertificates _certificates = new();

    public void Dispose() => _certificates.Dispose();

    [Fact]
    public async Task Sentinel_over_TLS_leads_to_the_master_and_after_its_death_to_the_next()
    {
        await using var cluster = await SentinelCluster.StartAsync(
            new SentinelClusterOptions { Certificates = _certificates, DownAfter = TimeSpan.FromMilliseconds(500) }
        );
        await using var a = await TestNode.StartAsync(RedisNode.Store(cluster.ConnectionString));
        await using var b = await TestNode.StartAsync(RedisNode.Store(cluster.ConnectionString));
        var browser = a.Browser();
        await browser.GetAsync("/set/color/red");
        Assert.Equal("red", await browser.GetAsync("/get/color", b));

        await cluster.Servers[0].Kill9Async();
        Assert.Equal("blue", await browser.GetAsync("/set/color/blue"));
        await Condition.HoldsAsync(() => a.Unsaved() == 0, "it is stored at the new master", TimeSpan.FromSeconds(60));

        Assert.Equal("blue", await browser.GetOnceFoundAsync("/get/color", b));
        await cluster.NewMasterAsync(cluster.Servers[0]);
        Assert.Equal("green", await browser.GetAsync("/set/color/green", b));
        await Condition.HoldsAsync(() => b.Unsaved() == 0, "it is stored at the new master too");
        Assert.Equal("green", await browser.GetOnceFoundAsync("/get/color", a));
    }

    [Fact]
    public async Task Cluster_over_TLS_is_found_and_followed_when_slots_move()
    {
        await using var cluster = await RedisClusterFixture.StartAsync(replicasEach: 0, certificates: _certificates);
        await using var a = await TestNode.StartAsync(RedisNode.Store(cluster.ConnectionString));
        await using var b = await TestNode.StartAsync(RedisNode.Store(cluster.ConnectionString));
        var browsers = Enumerable.Range(0, 30).Select(_ => a.Browser()).ToArray();
        foreach (var browser in browsers)
        {
            await browser.GetAsync("/set/color/red");
            Assert.Equal("red", await browser.GetAsync("/get/color", b));
        }

        var source = cluster.Servers[0];
        var keys = (await source.CommandAsync("KEYS", "cs:1:{*")).Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.NotEmpty(keys);
        var slot = await cluster.SlotOfAsync(keys[0]);
        await cluster.ReshardAsync(slot, slot, cluster.Servers[1]);
        Assert.Equal("1", await cluster.Servers[1].CommandAsync("EXISTS", keys[0]));

        foreach (var browser in browsers)
        {
            Assert.Equal("blue", await browser.GetAsync("/set/color/blue", b));
            Assert.Equal("blue", await browser.GetAsync("/get/color", a));
        }
    }
}
