using ClusterSession.TestKit.Servers;
using Xunit;

namespace ClusterSession.ChaosTests.Servers;

/// <summary>The fixture does what scenarios will say it does.</summary>
public sealed class SentinelClusterTests
{
    private static readonly SentinelClusterOptions Fast = new() { DownAfter = TimeSpan.FromSeconds(1) };

    [Fact]
    public async Task A_killed_master_is_replaced_and_comes_back_as_a_replica()
    {
        await using var cluster = await SentinelCluster.StartAsync(Fast);
        var old = await cluster.MasterAsync();
        await old.CommandAsync("SET", "before", "1");
        await cluster.InSyncAsync();

        await old.Kill9Async();
        var master = await cluster.NewMasterAsync(old);
        await master.CommandAsync("SET", "after", "1");
        await cluster.RejoinAsync(old);

        Assert.NotEqual(old, master);
        // Of two sentinels that began a failover each, the second one may promote the server that
        // has just come back.
        await Condition.HoldsAsync(
            async () => await cluster.MasterAsync() == old || !await old.IsMasterAsync(),
            "it is a replica, unless the sentinels name it again"
        );
        await Condition.HoldsAsync(async () => await old.CommandAsync("EXISTS", "after") == "1");
        Assert.Equal("1", await master.CommandAsync("EXISTS", "before"));
    }

    [Fact]
    public async Task A_stopped_master_goes_on_as_if_nothing_had_happened_when_it_is_continued()
    {
        await using var cluster = await SentinelCluster.StartAsync(Fast);
        var old = await cluster.MasterAsync();

        old.Process.Stop();
        var master = await cluster.NewMasterAsync(old);
        old.Process.Continue();

        // The danger that the library has to cope with: two servers that call themselves master at
        // the same time.
        Assert.True(await old.IsMasterAsync());
        Assert.Equal("OK", await old.CommandAsync("SET", "to-be-lost", "1"));
        Assert.True(await master.IsMasterAsync());
    }

    [Fact]
    public async Task Passwords_of_servers_and_sentinels_are_in_force()
    {
        await using var cluster = await SentinelCluster.StartAsync(
            Fast with
            {
                Replicas = 1,
                Sentinels = 3,
                Password = "p1",
                SentinelPassword = "p2",
            }
        );
        using var server = await RawRedisClient.ConnectAsync(cluster.Servers[0].Port, null, TimeSpan.FromSeconds(5));
        using var sentinel = await RawRedisClient.ConnectAsync(
            cluster.Sentinels[0].Port,
            null,
            TimeSpan.FromSeconds(5)
        );

        Assert.StartsWith("-NOAUTH", await server.CommandAsync("GET", "x"), StringComparison.Ordinal);
        Assert.StartsWith("-NOAUTH", await sentinel.CommandAsync("SENTINEL", "MASTERS"), StringComparison.Ordinal);

        var master = await cluster.FailoverAsync();
        Assert.Equal(cluster.Servers[1], master);
    }

    [Fact]
    public async Task Held_back_replicas_really_lose_acknowledged_writes_at_a_failover()
    {
        await using var cluster = await SentinelCluster.StartAsync(Fast);
        var old = await cluster.MasterAsync();
        await old.CommandAsync("SET", "safe", "1");
        await cluster.InSyncAsync();

        var held = await ReplicaPauser.HoldBackAsync(old, await cluster.ReplicasAsync());
        for (var i = 0; i < 200; i++)
        {
            Assert.Equal("OK", await old.CommandAsync("SET", $"doomed:{i}", "1"));
        }
        Assert.True(await held.LagBytesAsync() > 0);
        await old.Kill9Async();
        var master = await cluster.NewMasterAsync(old);
        await held.ReleaseAsync();

        Assert.Equal("1", await master.CommandAsync("DBSIZE"));
        Assert.Equal("1", await master.CommandAsync("EXISTS", "safe"));
        await cluster.InSyncAsync();
    }
}
