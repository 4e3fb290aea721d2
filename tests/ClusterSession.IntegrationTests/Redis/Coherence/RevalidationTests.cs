using ClusterSession.IntegrationTests.Redis.Connection;
using ClusterSession.Management;
using ClusterSession.Redis;
using ClusterSession.Redis.Connection;
using ClusterSession.TestKit.Metrics;
using ClusterSession.TestKit.Nodes;
using ClusterSession.Transport.Sockets;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Xunit;

namespace ClusterSession.IntegrationTests.Redis.Coherence;

/// <summary>
/// Nodes over a server of which no push is to be relied on ask it at each use of a copy.
/// </summary>
public sealed class RevalidationTests
{
    [Theory]
    [InlineData(",coherence=revalidate", "+client|tracking")]
    [InlineData("", "-client|tracking")]
    public async Task What_another_node_does_is_seen_at_the_next_use_without_any_push(
        string coherence,
        string permission
    )
    {
        await using var redis = await RedisServer.StartAsync();
        Assert.Equal("OK", await redis.CommandAsync("ACL", "SETUSER", "default", permission));
        await using var a = await StartAsync(redis, coherence);
        await using var b = await StartAsync(redis, coherence);
        var browser = a.Browser();
        for (var i = 0; i < 20; i++)
        {
            Assert.Equal($"{i}", await browser.GetAsync($"/set/n/{i}", i % 2 == 0 ? a : b));
            Assert.Equal($"{i}", await browser.Copy().GetAsync("/get/n", i % 2 == 0 ? b : a));
        }

        var thief = browser.Copy();
        Assert.Equal("19", await thief.Copy().GetAsync("/get/n", a));
        await browser.GetAsync("/destroy", b);
        Assert.Equal("", await thief.Copy().GetAsync("/get/n", a));
        Assert.True(Assert.Single(a.Figures().Partitions).IsRevalidated);
    }

    [Theory]
    [InlineData(",coherence=revalidate", 1)]
    [InlineData("", 0)]
    public async Task Health_and_a_gauge_say_whether_each_use_asks_the_server(string coherence, int asking)
    {
        await using var redis = await RedisServer.StartAsync();
        await using var node = await StartAsync(redis, coherence);
        using var gauge = new GaugeReading(node.Services, "clustersession.store.revalidated");
        await Condition.HoldsAsync(() => gauge.Value == asking, "the gauge says so");

        var check = ActivatorUtilities.CreateInstance<SessionHealthCheck>(node.Services);
        var health = await check.CheckHealthAsync(new HealthCheckContext());

        Assert.Equal((HealthStatus.Healthy, asking), (health.Status, health.Data["partitionsRevalidated"]));
    }

    [Fact]
    public async Task Keys_that_were_revoked_at_one_node_are_refused_at_the_other_without_any_push()
    {
        await using var redis = await RedisServer.StartAsync();
        await using var a = await StartAsync(redis, ",coherence=revalidate");
        await using var b = await StartAsync(redis, ",coherence=revalidate");
        var browser = a.Browser();
        await browser.GetAsync("/set/n/1");
        Assert.Equal("1", await browser.Copy().GetAsync("/get/n", b));

        await a.Services.GetRequiredService<ISessionManager>().RotateKeysAsync(revoke: true);

        await Condition.HoldsAsync(
            async () => await browser.Copy().GetAsync("/get/n", b) == "",
            "the other node refuses the cookie"
        );
    }

    [Fact]
    public async Task Server_that_tracks_is_trusted_and_copies_are_used_without_asking()
    {
        await using var redis = await RedisServer.StartAsync();
        await using var a = await StartAsync(redis, "");
        Assert.False(Assert.Single(a.Figures().Partitions).IsRevalidated);
        await using var connection = await Connect.ToAsync(redis, tracking: true);
        Assert.Null(connection.Untracked);
    }

    [Fact]
    public async Task Tracking_that_is_asked_for_and_refused_is_reported_with_setting_value_and_remedy()
    {
        await using var redis = await RedisServer.StartAsync();
        Assert.Equal("OK", await redis.CommandAsync("ACL", "SETUSER", "default", "-client|tracking"));
        var failure = await Assert.ThrowsAsync<ConnectException>(() =>
            Connect.ToAsync(redis, o => o.Coherence = RedisCoherence.Tracking, tracking: true)
        );
        Assert.True(failure.NeedsOperator);
        Assert.StartsWith("Coherence is Tracking", failure.Message, StringComparison.Ordinal);
        Assert.Contains("coherence=auto", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Replicated_on_a_server_without_WAIT_is_reported_with_setting_value_and_remedy()
    {
        await using var redis = await RedisServer.StartAsync();
        Assert.Equal("OK", await redis.CommandAsync("ACL", "SETUSER", "default", "-wait"));
        var failure = await Assert.ThrowsAsync<ConnectException>(() =>
            Connect.ToAsync(redis, o => o.NeedsWait = true, tracking: true)
        );
        Assert.True(failure.NeedsOperator);
        Assert.Contains("Durability is Replicated", failure.Message, StringComparison.Ordinal);
        Assert.Contains("Durability to Primary", failure.Message, StringComparison.Ordinal);
    }

    private static async Task<TestNode> StartAsync(RedisServer redis, string coherence)
    {
        var node = await TestNode.StartAsync(RedisNode.Store(redis.ConnectionString + coherence));
        await Condition.HoldsAsync(
            async () =>
            {
                var browser = node.Browser();
                await browser.GetAsync("/set/n/0");
                return (int)browser.LastStatus == 200;
            },
            "the node serves"
        );
        return node;
    }
}
