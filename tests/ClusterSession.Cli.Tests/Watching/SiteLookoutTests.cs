using ClusterSession.Cli.Shell;
using ClusterSession.Cli.Watching;
using ClusterSession.Redis;
using ClusterSession.TestKit.Redis;
using ClusterSession.TestKit.Servers;
using Xunit;

namespace ClusterSession.Cli.Tests.Watching;

/// <summary>What is looked at, by real Redis and Sentinels.</summary>
public sealed class SiteLookoutTests
{
    private const string Client = "lookout-of-a-test";
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(2);

    [Fact]
    public async Task Redis_and_Sentinel_that_are_named_otherwise_are_known_by_their_processes()
    {
        await using var site = await SentinelCluster.StartAsync(
            new SentinelClusterOptions { Replicas = 1, Sentinels = 1 }
        );
        var (master, sentinel) = (site.Servers[0], site.Sentinels[0]);
        var named = $"{sentinel.Endpoint},{sentinel.Endpoint},localhost:{sentinel.Port},serviceName=mymaster";
        await using var lookout = Lookout(named, new RedisEndpoint("localhost", master.Port));
        var sight = await lookout.LookAsync(CancellationToken.None);
        await Condition.HoldsAsync(
            async () => (sight = await lookout.LookAsync(CancellationToken.None)).OwnName == master.Endpoint,
            "the Redis of this host is known"
        );
        Assert.Equal(2, sight.Redis.Count);
        Assert.Empty(new SiteFacts(sight).OtherMasters);

        await Condition.HoldsAsync(
            async () =>
                (sight = await lookout.LookAsync(CancellationToken.None)).Sentinels.All(one => one.Problem is null),
            "the Sentinel answers by both names"
        );
        var facts = new SiteFacts(sight);
        Assert.Equal((2, 1), (sight.Sentinels.Count, facts.Responding.Count));
        Assert.Equal(master.Endpoint, facts.Master);
        Assert.Contains(SiteAlarms.Of(facts), alarm => alarm.Name == "sentinel-named-twice");
    }

    [Fact]
    public async Task Redis_that_is_named_no_more_is_connected_to_no_more()
    {
        await using var site = await SentinelCluster.StartAsync(
            new SentinelClusterOptions { Replicas = 1, Sentinels = 1 }
        );
        await using var other = await RedisServer.StartAsync();
        await using var lookout = Lookout(site.ConnectionString, own: null);
        await ConnectedAsync(site.Servers[1], isSo: true);

        var sentinel = site.Sentinels[0];
        await sentinel.CommandAsync("SENTINEL", "REMOVE", "mymaster");
        await sentinel.CommandAsync("SENTINEL", "MONITOR", "mymaster", other.Host, $"{other.Port}", "1");
        await ConnectedAsync(other, isSo: true);
        await ConnectedAsync(site.Servers[1], isSo: false);
        await ConnectedAsync(site.Servers[0], isSo: false);

        Task ConnectedAsync(RedisServer server, bool isSo) =>
            Condition.HoldsAsync(
                async () =>
                {
                    await lookout.LookAsync(CancellationToken.None);
                    var clients = await server.CommandAsync("CLIENT", "LIST");
                    return clients.Contains($"name={Client}", StringComparison.Ordinal) == isSo;
                },
                $"whether {server.Endpoint} is connected to: {isSo}"
            );
    }

    [Fact]
    public async Task Timeout_of_status_is_waited_for_also_where_it_is_longer_than_others()
    {
        await using var silent = new ScriptedRedisServer { Silent = true };
        var run = await ToolRun.RunAsync(
            terminal => terminal with { Width = 400 },
            "sentinel",
            "status",
            "--redis",
            $"127.0.0.1:{silent.Port},serviceName=shop",
            "--timeout",
            "1.5"
        );
        Assert.Equal(ExitCode.NoAgent, run.ExitCode);
        Assert.Contains("within 1500 ms", run.Output, StringComparison.Ordinal);
    }

    private static SiteLookout Lookout(string connection, RedisEndpoint? own) =>
        new(RedisOptions.Parse(connection), own, Deadline, Client, TimeProvider.System);
}
