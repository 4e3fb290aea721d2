using ClusterSession.TestKit.Servers;
using Xunit;

namespace ClusterSession.ChaosTests.Servers;

public sealed class SplitBrainNetTests
{
    [RootFact]
    public async Task A_partition_is_silent_and_heals()
    {
        await using var net = await SplitBrainNet.CreateAsync(2);
        await using var master = await RedisServer.StartAsync(new RedisServerOptions { On = net.Hosts[0] });
        await using var replica = await RedisServer.StartAsync(
            new RedisServerOptions
            {
                On = net.Hosts[1],
                Config = [$"replicaof {master.Host} {master.Port}", "repl-timeout 1"],
            }
        );
        await LinkIsAsync(replica, "up");

        await net.PartitionAsync(1);
        // The test still reaches both, so the master goes on acknowledging what the replica will
        // not see.
        Assert.Equal("OK", await master.CommandAsync("SET", "k", "1"));
        await LinkIsAsync(replica, "down");
        Assert.Equal("0", await replica.CommandAsync("EXISTS", "k"));

        await net.HealAsync();
        await LinkIsAsync(replica, "up");
        await Condition.HoldsAsync(async () => await replica.CommandAsync("EXISTS", "k") == "1");
    }

    [RootFact]
    public async Task In_a_split_brain_two_masters_acknowledge_at_the_same_time()
    {
        await using var net = await SplitBrainNet.CreateAsync(3);
        await using var cluster = await SentinelCluster.StartAsync(
            new SentinelClusterOptions { Hosts = net.Hosts, DownAfter = TimeSpan.FromMilliseconds(500) }
        );
        var old = await cluster.MasterAsync();
        await old.CommandAsync("SET", "safe", "1");
        await cluster.InSyncAsync();

        await net.PartitionAsync(0);
        var master = await cluster.NewMasterAsync(old);
        Assert.Equal("OK", await old.CommandAsync("SET", "doomed", "1"));
        Assert.Equal("OK", await master.CommandAsync("SET", "kept", "1"));
        Assert.True(await old.IsMasterAsync());
    }

    private static Task LinkIsAsync(RedisServer replica, string status) =>
        Condition.HoldsAsync(
            async () => await replica.InfoAsync("replication", "master_link_status") == status,
            $"the replication link is {status}",
            TimeSpan.FromSeconds(30)
        );
}
