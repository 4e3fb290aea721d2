using System.Net;
using ClusterSession.Cli.Running;
using ClusterSession.Cli.Shell;
using ClusterSession.TestKit.Servers;
using Xunit;

namespace ClusterSession.Cli.Tests.Watching;

/// <summary>The watcher by real Redis and Sentinels.</summary>
public sealed class WatcherTests
{
    [Fact]
    public async Task Primary_follows_real_failovers_and_is_never_two()
    {
        await using var site = await WatchedSite.StartAsync();
        var first = site.Cluster.Servers[0];
        await site.LeadsAsync(first);
        await site.SaysAsync(1, "/replica?lag=100000", HttpStatusCode.OK);
        Assert.Equal(HttpStatusCode.BadRequest, (await site.GetAsync(1, "/replica?lag=much")).Status);
        await site.SaysAsync(1, "/health", HttpStatusCode.OK);
        await site.SaysAsync(0, "/read-only", HttpStatusCode.OK);
        await site.KnowsAsync(2, first);
        await site.CountsAsync(0, "is_primary 1");

        await first.Kill9Async();
        var failing = site.Cluster.NewMasterAsync(first);
        while (!failing.IsCompleted)
        {
            var primaries = await site.PrimariesAsync();
            Assert.True(primaries.Length < 2, $"{primaries.Length} watchers say that theirs is the primary.");
        }

        await failing;
        var second = await site.NextLeadsAsync(first);
        await site.SaysAsync(0, "/health", HttpStatusCode.ServiceUnavailable);
        await site.KnowsAsync(0, second);
    }

    [Fact]
    public async Task Primary_does_not_wait_until_all_replicas_follow_the_new_master()
    {
        // One Sentinel, which leads the failover and names the new master at the same time.
        await using var site = await WatchedSite.StartAsync(
            new SentinelClusterOptions { Sentinels = 1, FailoverTimeout = TimeSpan.FromMinutes(1) }
        );
        var first = site.Cluster.Servers[0];
        await site.LeadsAsync(first);
        await ReplicaPauser.HoldBackAsync(first, [.. site.Cluster.Servers.Skip(1)]); // Of the next master too.
        await first.Kill9Async();

        await site.LeadsAsync(await site.Cluster.NewMasterAsync(first));

        var former = await site.Cluster.Sentinels[0].MasterAsync("mymaster");
        Assert.Equal($"{first.Port}", former["port"]);
        Assert.Contains("failover_in_progress", former["flags"], StringComparison.Ordinal);
    }

    [Fact]
    public async Task Watchers_go_on_while_a_Sentinel_hangs_and_know_no_primary_while_two_do()
    {
        await using var site = await WatchedSite.StartAsync(new SentinelClusterOptions { Replicas = 1 });
        var (master, sentinels) = (site.Cluster.Servers[0], site.Cluster.Sentinels);
        await site.LeadsAsync(master);

        sentinels[2].Process.Stop();
        await site.CountsAsync(0, $"sentinel_reachable{{member=\"{sentinels[2].Endpoint}\"}} 0");
        await site.LeadsAsync(master);
        await site.SaysAsync(1, "/replica", HttpStatusCode.OK);

        sentinels[1].Process.Stop();
        await site.SaysAsync(0, "/primary", HttpStatusCode.ServiceUnavailable);
        await site.SaysAsync(0, "/health", HttpStatusCode.ServiceUnavailable);
        await site.SaysAsync(1, "/replica", HttpStatusCode.ServiceUnavailable);

        sentinels[1].Process.Continue();
        sentinels[2].Process.Continue();
        await site.LeadsAsync(master);
        await site.SaysAsync(1, "/health", HttpStatusCode.OK);
    }

    [Fact]
    public async Task Clients_of_HAProxy_reach_no_second_master_while_there_are_two()
    {
        const int Clients = 20;
        // Sentinel cannot demote the second one, since SLAVEOF has another name there.
        await using var site = await WatchedSite.StartAsync(
            new SentinelClusterOptions { Replicas = 1, Config = ["rename-command SLAVEOF UNUSED"] }
        );
        var (master, second) = (site.Cluster.Servers[0], site.Cluster.Servers[1]);
        await site.LeadsAsync(master);
        await second.CommandAsync("REPLICAOF", "NO", "ONE");
        await site.CountsAsync(0, "masters 2");
        var port = await site.BalanceAsync();

        // For 100 ms after its start HAProxy takes every server for up.
        await Condition.HoldsAsync(
            async () =>
            {
                var reached = await Task.WhenAll(Enumerable.Range(0, Clients).Select(_ => ReachedAsync(port)));
                return reached.All(answer => answer == $"port\n{master.Port}");
            },
            "all clients reach the master that the Sentinels name"
        );
        await site.LeadsAsync(master);
        Assert.Equal("master", await second.InfoAsync("replication", "role"));
    }

    [LongFact]
    public async Task Primary_is_never_two_while_a_master_is_frozen_and_thaws_and_hands_over()
    {
        await using var site = await WatchedSite.StartAsync();
        for (var round = 0; round < 3; round++)
        {
            var former = await site.Cluster.MasterAsync();
            await site.LeadsAsync(former);
            former.Process.Stop();
            await site.Cluster.NewMasterAsync(former);
            former.Process.Continue(); // For seconds it is a master too.
            await site.NextLeadsAsync(former);
            await site.Cluster.InSyncAsync();
            var switching = site.Cluster.FailoverAsync();
            while (!switching.IsCompleted)
            {
                Assert.True((await site.PrimariesAsync()).Length < 2);
            }

            await site.LeadsAsync(await switching);
            await site.Cluster.InSyncAsync();
        }
    }

    private static async Task<string> ReachedAsync(int port)
    {
        try
        {
            using var client = await RawRedisClient.ConnectAsync("127.0.0.1", port, null, TimeSpan.FromSeconds(5));
            return await client.CommandAsync("CONFIG", "GET", "port");
        }
        catch (Exception e) when (e is IOException or System.Net.Sockets.SocketException)
        {
            return "";
        }
    }

    [Theory]
    [InlineData("""{ "ClusterSession": { "Sentinel": { "Redis": "a:1,serviceName=shop" } } }""", "Urls")]
    [InlineData("""{ "Urls": "http://127.0.0.1:0", "ClusterSession": { "Sentinel": { } } }""", "Redis is not set")]
    [InlineData(
        """
            { "ClusterSession": { "Sentinel": { "Redis": "a:1,serviceName=shop,password=hush-hush", "Interval": "1",
              "Deadline": "00:00:00", "RedisAddress": "redis-1", "Limit": "1" } } }
            """,
        "'1'",
        "Deadline is '00:00:00'",
        "'redis-1'",
        "Sentinel:Limit"
    )]
    public async Task Settings_of_a_watcher_that_cannot_work_are_named(string json, params string[] named)
    {
        using var directory = new TemporaryDirectory();
        var file = directory.File("watch.json");
        await File.WriteAllTextAsync(file, json);
        var run = await ToolRun.RunAsync("sentinel", "watch", "--config", file);
        Assert.Equal(ExitCode.Usage, run.ExitCode);
        var error = run.Error.ReplaceLineEndings(" ");
        Assert.All(named, part => Assert.Contains(part, error, StringComparison.Ordinal));
        Assert.DoesNotContain("hush", error, StringComparison.Ordinal);
    }

    [Fact]
    public void Watcher_takes_the_file_of_the_merge_and_the_merge_that_of_the_watcher()
    {
        using var directory = new TemporaryDirectory();
        var file = directory.File("redis-1.json");
        File.WriteAllText(
            file,
            """
            { "ClusterSession": { "Sentinel": { "Redis": "a:1,serviceName=shop", "RedisAddress": "b:2",
              "RedisConfig": "redis.conf", "KeyPrefix": "cs", "IdleTimeout": "00:20:00", "Interval": "00:00:00.200",
              "Deadline": "00:00:00.100" } } }
            """
        );
        var configuration = RunSettings.Read(file, []).Configuration;
        Assert.Equal("b:2", $"{Cli.Watching.SentinelWatchSettings.Read(configuration).Own}");
        Assert.Equal("b:2", $"{Cli.Sentinels.SentinelMergeSettings.Read(configuration).Own}");
    }
}
