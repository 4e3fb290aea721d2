using ClusterSession.Stores;
using ClusterSession.TestKit.Servers;
using Xunit;

namespace ClusterSession.IntegrationTests.Redis.Topology;

/// <summary>
/// Nobody numbers configurations here: the master is known by replication ids and by the
/// generation kept with the data.
/// </summary>
public sealed class OneAddressTests
{
    private const string Generation = "cs:1:shared:generation";

    [Fact]
    public async Task Failover_behind_haproxy_and_switch_back_are_followed()
    {
        await using var pair = await HaProxyPair.StartAsync();
        await using var store = await TopologyStore.StartAsync(pair.ConnectionString);
        var counter = store.Counter();
        await counter.IncrementAsync();
        var first = pair.Master;
        await pair.Other.HasAllOfAsync(first); // Else the generation that was written first may be lost with it.
        await first.Kill9Async();
        await counter.IncrementAsync();
        await pair.RejoinAsync(first);
        await pair.SwitchAsync();
        Assert.Same(first, pair.Master);
        await Condition.HoldsAsync(
            async () =>
            {
                await counter.IncrementAsync();
                return await SharedCounter.StoredAsync(first) == $"{counter.Acknowledged}";
            },
            "writes reach the first server again"
        );
        // A connection that is lost while HAProxy changes over comes back to the same server,
        // without a loss.
        Assert.Equal([StoreLoss.Recent, StoreLoss.Recent], store.Losses.Where(static loss => loss != StoreLoss.None));
        Assert.StartsWith("3 ", await first.CommandAsync("GET", Generation), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Generation_that_a_server_refused_to_take_is_written_at_the_next_connection()
    {
        await using var redis = await RedisServer.StartAsync();
        await redis.CommandAsync("CONFIG", "SET", "min-replicas-to-write", "1");
        await using var store = await TopologyStore.StartAsync(redis.ConnectionString);
        Assert.Equal("", await redis.CommandAsync("GET", Generation));

        await redis.CommandAsync("CONFIG", "SET", "min-replicas-to-write", "0");
        await redis.CommandAsync("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes");
        await store.Counter().IncrementAsync();

        Assert.StartsWith("1 ", await redis.CommandAsync("GET", Generation), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_deposed_master_that_comes_back_with_its_old_data_is_refused()
    {
        await using var deposed = await RedisServer.StartAsync(new RedisServerOptions { AppendOnly = true });
        await using var successor = await RedisServer.StartAsync(
            new RedisServerOptions { AppendOnly = true, ReplicaOf = deposed.Port }
        );
        await Condition.HoldsAsync(
            async () => await successor.InfoAsync("replication", "master_link_status") == "up",
            "replica is in step"
        );
        await using var store = await TopologyStore.StartAsync($"{deposed.Endpoint},{successor.Endpoint}");
        var counter = store.Counter();
        await counter.IncrementAsync();
        await Condition.HoldsAsync(async () => await SharedCounter.StoredAsync(successor) == "1", "the replica has it");
        // After a full synchronisation the file is written anew in the background; until that is
        // done a kill leaves it empty.
        await Condition.HoldsAsync(
            async () =>
                await successor.InfoAsync("persistence", "aof_rewrite_in_progress") == "0"
                && await successor.InfoAsync("persistence", "aof_rewrite_scheduled") == "0",
            "the replica has it on disk"
        );
        await deposed.Kill9Async();
        await successor.CommandAsync("REPLICAOF", "NO", "ONE");
        await counter.IncrementAsync();

        await deposed.StartAgainAsync();
        await successor.Kill9Async();
        Assert.True(await deposed.IsMasterAsync());
        Assert.False(await counter.TryIncrementAsync());
        Assert.Equal("1", await SharedCounter.StoredAsync(deposed));
        await successor.StartAgainAsync("replicaof no one");
        await counter.IncrementAsync();
        Assert.Equal("3", await SharedCounter.StoredAsync(successor));
        Assert.Equal("1", await SharedCounter.StoredAsync(deposed));
    }

    [Fact]
    public async Task A_deposed_master_is_accepted_when_nothing_else_came_for_the_fence_timeout()
    {
        await using var deposed = await RedisServer.StartAsync(new RedisServerOptions { AppendOnly = true });
        await using var successor = await RedisServer.StartAsync(new RedisServerOptions { ReplicaOf = deposed.Port });
        await Condition.HoldsAsync(
            async () => await successor.InfoAsync("replication", "master_link_status") == "up",
            "replica is in step"
        );
        await using var store = await TopologyStore.StartAsync(
            $"{deposed.Endpoint},{successor.Endpoint},fenceTimeout=1000"
        );
        var counter = store.Counter();
        await counter.IncrementAsync();
        await deposed.Kill9Async();
        await successor.CommandAsync("REPLICAOF", "NO", "ONE");
        await counter.IncrementAsync();
        await successor.Kill9Async();
        await deposed.StartAgainAsync();
        await Condition.HoldsAsync(
            async () =>
                await counter.TryIncrementAsync()
                && await SharedCounter.StoredAsync(deposed) == $"{counter.Acknowledged}",
            "the deposed master is used"
        );
        Assert.Equal(StoreLoss.Everything, store.Losses.Last());
    }

    [Fact]
    public async Task A_master_demoted_without_a_word_is_left_by_a_node_that_only_reads()
    {
        await using var first = await RedisServer.StartAsync();
        await using var second = await RedisServer.StartAsync();
        await using var store = await TopologyStore.StartAsync($"{first.Endpoint},{second.Endpoint}");
        await second.CommandAsync("ZADD", SharedCounter.KeyOf("where"), "0", "isecond-2", "0", "s");
        await first.CommandAsync("REPLICAOF", "127.0.0.1", "1");
        await Condition.HoldsAsync(
            async () => (await store.Store.ReadDocumentAsync("where", default, default)).Exists,
            "the other master is read"
        );
    }

    [Fact]
    public async Task A_server_restarted_without_data_is_accepted_and_reported_as_a_reset()
    {
        await using var server = await RedisServer.StartAsync();
        await using var store = await TopologyStore.StartAsync(server.ConnectionString);
        var counter = store.Counter();
        await counter.IncrementAsync();
        await server.Kill9Async();
        await server.StartAgainAsync();
        await counter.IncrementAsync();
        Assert.Equal([StoreLoss.None, StoreLoss.Everything], store.Losses);
        Assert.StartsWith("2 ", await server.CommandAsync("GET", Generation), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_server_restarted_again_and_again_from_one_snapshot_is_never_taken_for_deposed()
    {
        await using var server = await RedisServer.StartAsync(
            new RedisServerOptions { Config = ["save 3600 1", "dbfilename dump.rdb"] }
        );
        await using var store = await TopologyStore.StartAsync(server.ConnectionString);
        var counter = store.Counter();
        await counter.IncrementAsync();
        Assert.Equal("OK", await server.CommandAsync("SAVE"));
        for (var restarts = 1; restarts <= 3; restarts++)
        {
            await server.Kill9Async();
            await server.StartAgainAsync();
            await counter.IncrementAsync();
        }

        Assert.Equal([StoreLoss.None, StoreLoss.Everything, StoreLoss.Everything, StoreLoss.Everything], store.Losses);
    }
}
