using ClusterSession.Redis;
using ClusterSession.TestKit.Conformance;
using ClusterSession.TestKit.Faults;
using ClusterSession.TestKit.Logging;
using ClusterSession.TestKit.Nodes;
using ClusterSession.TestKit.Servers;
using Microsoft.Extensions.Logging;
using Xunit;

namespace ClusterSession.IntegrationTests.Redis.Coherence;

/// <summary>
/// Tracking is believed once it was seen to work, whatever the server says to CLIENT TRACKING.
/// </summary>
public sealed class TrackingProofTests
{
    [Theory]
    [InlineData(TrackingProxy.Nothing)]
    [InlineData(TrackingProxy.NothingOfItsOwn)]
    public async Task Sessions_behind_a_proxy_that_says_ok_and_pushes_nothing_are_served_stale_nowhere(string instead)
    {
        await using var redis = await RedisServer.StartAsync();
        await using var proxy = new TrackingProxy(redis.Port, instead);
        using var logs = new CapturedLogs();
        using var factory = new LoggerFactory([logs]);
        await using var a = await TestNode.StartAsync(Store($"127.0.0.1:{proxy.Port}", factory));
        await using var b = await RedisNode.StartAsync(redis);
        var browsers = await StaleSessions.OpenAsync(a, b, 20);
        Assert.True(Assert.Single(a.Figures().Partitions).IsRevalidated);
        Assert.False(Assert.Single(b.Figures().Partitions).IsRevalidated);
        Assert.Equal(1, logs.Count("Untracked"));

        await StaleSessions.AssertNoneIsServedAsync(browsers, a, b);
    }

    [Theory]
    [InlineData(TrackingProxy.Nothing)]
    [InlineData(TrackingProxy.NothingOfItsOwn)]
    public async Task Where_tracking_is_demanded_a_server_that_pushes_nothing_is_not_used(string instead)
    {
        await using var redis = await RedisServer.StartAsync();
        await using var proxy = new TrackingProxy(redis.Port, instead);
        using var logs = new CapturedLogs();
        using var factory = new LoggerFactory([logs]);
        await using var store = Store($"127.0.0.1:{proxy.Port},coherence=tracking", factory);
        var refusal = await Assert.ThrowsAsync<InvalidOperationException>(async () =>
            await store.StartAsync(new RecordingObserver(), default)
        );
        Assert.Contains("coherence=auto", refusal.Message, StringComparison.Ordinal);

        await Condition.HoldsAsync(() => logs.Count("Disconnected") > 0, "the connection is given up");
        Assert.Contains(logs.All, static log => log.Text.Contains("coherence=auto", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("maxmemory", "1", "0")]
    [InlineData("min-replicas-to-write", "1", "0")]
    public async Task Server_that_refuses_writes_is_asked_at_each_use_until_it_takes_them_again(
        string setting,
        string refusing,
        string accepting
    )
    {
        await using var redis = await RedisServer.StartAsync();
        await using var b = await RedisNode.StartAsync(redis);
        var browser = b.Browser();
        await browser.GetAsync("/set/color/old");
        await redis.CommandAsync("CONFIG", "SET", setting, refusing);
        using var logs = new CapturedLogs();
        using var factory = new LoggerFactory([logs]);
        await using var a = await TestNode.StartAsync(Store(redis.ConnectionString, factory));
        await Condition.HoldsAsync(() => a.Figures().Partitions.Single().IsRevalidated, "nothing is proved yet");
        Assert.Equal("old", await browser.Copy().GetOnceFoundAsync("/get/color", a));

        await redis.CommandAsync("CONFIG", "SET", setting, accepting);

        await Condition.HoldsAsync(() => !a.Figures().Partitions.Single().IsRevalidated, "tracking is proved");
        Assert.Equal(0, logs.Count("Untracked"));
    }

    [Fact]
    public async Task Server_that_is_paused_is_no_server_that_does_not_track()
    {
        await using var redis = await RedisServer.StartAsync();
        await redis.CommandAsync("CLIENT", "PAUSE", "60000", "WRITE");
        using var logs = new CapturedLogs();
        using var factory = new LoggerFactory([logs]);
        await using var store = Store($"{redis.ConnectionString},asyncTimeout=50,heartbeatTimeout=60000", factory);
        await store.StartAsync(new RecordingObserver(), default);
        await Condition.HoldsAsync(() => store.Partitions[0].IsRevalidated, "nothing is proved yet");

        await redis.CommandAsync("CLIENT", "UNPAUSE");

        await Condition.HoldsAsync(() => !store.Partitions[0].IsRevalidated, "tracking is proved");
        Assert.Equal(0, logs.Count("Untracked"));
    }

    [Fact]
    public async Task Proof_leaves_one_key_a_connection_that_expires()
    {
        await using var redis = await RedisServer.StartAsync();
        await using var a = await RedisNode.StartAsync(redis);
        var browser = a.Browser();
        await browser.GetAsync("/set/color/old");
        Assert.Equal("old", await browser.GetAsync("/get/color"));
        var keys = await redis.CommandAsync("EVAL", "return #redis.call('KEYS', 'cs:1:probe:*')", "0");
        Assert.Equal("1", keys);
        var life = await redis.CommandAsync(
            "EVAL",
            "return redis.call('PTTL', redis.call('KEYS', 'cs:1:probe:*')[1])",
            "0"
        );
        Assert.InRange(int.Parse(life, System.Globalization.CultureInfo.InvariantCulture), 1, 60_000);
    }

    [Fact]
    public async Task Every_master_of_a_cluster_proves_it_in_a_slot_of_its_own()
    {
        await using var cluster = await RedisClusterFixture.StartAsync(masters: 3, replicasEach: 0);
        await using var store = RedisNode.Store(cluster.ConnectionString);
        await store.StartAsync(new RecordingObserver(), default);
        await Condition.HoldsAsync(
            async () =>
            {
                var keys = 0;
                foreach (var server in cluster.Servers)
                {
                    keys +=
                        await server.CommandAsync("EVAL", "return #redis.call('KEYS', 'cs:1:probe:*')", "0") == "1"
                            ? 1
                            : 0;
                }

                return keys == 3
                    && store.Partitions.Count == 3
                    && store.Partitions.All(static partition => !partition.IsRevalidated);
            },
            "each master has proved it, with one key"
        );
    }

    private static RedisSessionStore Store(string connectionString, ILoggerFactory logs) =>
        new(
            RedisOptions.Parse(connectionString),
            "cs",
            TimeSpan.FromSeconds(30),
            TimeProvider.System,
            new Random(7),
            logs.CreateLogger<RedisSessionStore>()
        );
}
