using ClusterSession.TestKit.Metrics;
using ClusterSession.TestKit.Nodes;
using ClusterSession.TestKit.Servers;
using Xunit;

namespace ClusterSession.IntegrationTests.Redis.Topology;

/// <summary>More than one thing fails behind Sentinel (S06, S25).</summary>
public sealed class SentinelLossTests
{
    private static readonly SentinelClusterOptions Quick = new() { DownAfter = TimeSpan.FromMilliseconds(500) };

    [Fact]
    public async Task Commit_that_the_promoted_replica_lacks_and_whose_node_is_gone_is_reported_as_lost()
    {
        await using var cluster = await SentinelCluster.StartAsync(Quick);
        await using var b = await StartAsync(cluster);
        var a = await StartAsync(cluster);
        using var regressions = new CounterReading(b.Services, "clustersession.regressions");
        var browser = a.Browser();
        await browser.GetAsync("/set/color/red");
        var master = await cluster.MasterAsync();
        var replicas = await cluster.ReplicasAsync();
        foreach (var replica in replicas)
        {
            await replica.HasAllOfAsync(master);
        }

        var pauser = await ReplicaPauser.HoldBackAsync(master, replicas);
        Assert.Equal("blue", await browser.GetAsync("/set/color/blue"));
        Assert.True(await pauser.LagBytesAsync() > 0, "the replicas lack what was acknowledged");

        // In order, and all the same: what it has sent it does not send again.
        await a.DisposeAsync();
        await master.Kill9Async();
        await cluster.NewMasterAsync(master);
        await pauser.ReleaseAsync();

        // Until the node has found the new master too, its answer is a 503, which says nothing of a
        // loss.
        Assert.Equal("red", await browser.GetOnceFoundAsync("/get/color", b));
        Assert.Equal("True", await browser.GetAsync("/regressed", b));
        Assert.Equal("green", await browser.GetAsync("/set/color/green", b));
        Assert.Equal("False", await browser.GetAsync("/regressed", b));
        Assert.Equal("green", await browser.GetAsync("/get/color", b));
        Assert.Equal(1, regressions.Value);
    }

    [Fact]
    public async Task With_sentinels_and_master_dead_sessions_go_on_until_the_sentinels_are_back()
    {
        // Sentinels promote no replica whose link has been down for ten times down-after longer
        // than they have known: they must be back before that.
        await using var cluster = await SentinelCluster.StartAsync();
        await using var a = await StartAsync(cluster);
        await using var b = await StartAsync(cluster);
        var browser = a.Browser();
        await browser.GetAsync("/set/n/0");
        foreach (var sentinel in cluster.Sentinels)
        {
            await sentinel.Process.Kill9Async();
        }

        await browser.GetAsync("/set/n/1");
        Assert.Equal("1", await browser.GetAsync("/get/n", b)); // The last known master is used on.

        await cluster.Servers[0].Kill9Async();
        for (var i = 2; i < 10; i++)
        {
            Assert.Equal($"{i}", await browser.GetAsync($"/set/n/{i}"));
            Assert.Equal(200, (int)browser.LastStatus);
        }

        Assert.Equal(1, a.Unsaved());
        foreach (var sentinel in cluster.Sentinels)
        {
            await sentinel.StartAgainAsync();
        }

        await Condition.HoldsAsync(
            () => a.Unsaved() == 0,
            "the new master is found, and has what was kept",
            TimeSpan.FromSeconds(60)
        );
        Assert.Equal("9", await browser.GetOnceFoundAsync("/get/n", b));
        Assert.Equal("False", await browser.GetAsync("/regressed", b));
    }

    private static Task<TestNode> StartAsync(SentinelCluster cluster) =>
        TestNode.StartAsync(RedisNode.Store(cluster.ConnectionString + ",syncTimeout=1000"));
}
