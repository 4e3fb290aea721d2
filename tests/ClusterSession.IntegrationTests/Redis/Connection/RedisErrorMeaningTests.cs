using ClusterSession.Redis.Connection;
using ClusterSession.Redis.Protocol;
using ClusterSession.Transport.Sockets;
using Xunit;

namespace ClusterSession.IntegrationTests.Redis.Connection;

/// <summary>
/// What a real server says in each bad state, as a command of its own and out of a script, and that
/// nothing was written where we say so.
/// </summary>
public sealed class RedisErrorMeaningTests
{
    private const string WritingScript =
        "redis.call('HDEL',KEYS[1],'x') redis.call('HSET',KEYS[1],'a',ARGV[1]) return 1";

    [Fact]
    public async Task An_unknown_script_is_NoScript()
    {
        await using var server = await RedisServer.StartAsync();
        await using var connection = await Connect.ToAsync(server);
        Assert.Equal(RedisErrorKind.NoScript, await KindAsync(connection, "EVALSHA", new string('0', 40), "0"));
    }

    [Fact]
    public async Task A_replica_is_ReadOnly()
    {
        await using var master = await RedisServer.StartAsync();
        await using var replica = await RedisServer.StartAsync(new RedisServerOptions { ReplicaOf = master.Port });
        await Condition.HoldsAsync(
            async () => await replica.InfoAsync("replication", "master_link_status") == "up",
            "replica is in step"
        );
        await using var connection = await Connect.ToAsync(replica);
        Assert.Equal(RedisRole.Replica, connection.Server.Role);
        Assert.Equal(await master.InfoAsync("replication", "master_replid"), connection.Server.ReplicationId);
        Assert.Equal(RedisErrorKind.ReadOnly, await KindAsync(connection, "SET", "k", "v"));
        Assert.Equal(RedisErrorKind.ReadOnly, await KindAsync(connection, "EVAL", WritingScript, "1", "k", "v"));
        var refused = await Assert.ThrowsAsync<ConnectException>(() =>
            Connect.ToAsync(replica, role: RedisRole.Master)
        );
        Assert.Equal(RedisConnectFailure.WrongRole, refused.Failure);

        await master.Kill9Async();
        await Condition.HoldsAsync(
            async () => await replica.InfoAsync("replication", "master_link_status") == "down",
            "replica lost its master"
        );
        await replica.CommandAsync("CONFIG", "SET", "replica-serve-stale-data", "no");
        Assert.Equal(RedisErrorKind.MasterDown, await KindAsync(connection, "GET", "k"));
        var stale = await Assert.ThrowsAsync<ConnectException>(() => Connect.ToAsync(replica));
        Assert.Equal(ConnectFailure.NotReady, stale.Failure);
    }

    [Fact]
    public async Task Full_memory_is_OutOfMemory_and_nothing_is_written()
    {
        await using var server = await RedisServer.StartAsync();
        await using var connection = await Connect.ToAsync(server);
        await server.CommandAsync("HSET", "k", "x", "1");
        await server.CommandAsync("CONFIG", "SET", "maxmemory", "1");
        Assert.Equal(RedisErrorKind.OutOfMemory, await KindAsync(connection, "SET", "other", "v"));
        // HDEL alone is allowed when memory is full; the script must be refused before it.
        var kind = await KindAsync(
            connection,
            "EVAL",
            "redis.call('HSET',KEYS[1],'a',ARGV[1]) redis.call('HDEL',KEYS[1],'x') return 1",
            "1",
            "k",
            "v"
        );
        Assert.Equal(RedisErrorKind.OutOfMemory, kind);
        Assert.Equal("x\n1", await server.CommandAsync("HGETALL", "k"));
    }

    [Fact]
    public async Task Too_few_replicas_are_NoReplicas_and_nothing_is_written()
    {
        await using var server = await RedisServer.StartAsync(
            new RedisServerOptions { Config = ["min-replicas-to-write 1"] }
        );
        await using var connection = await Connect.ToAsync(server);
        Assert.Equal(RedisErrorKind.NoReplicas, await KindAsync(connection, "SET", "k", "v"));
        Assert.Equal(RedisErrorKind.NoReplicas, await KindAsync(connection, "EVAL", WritingScript, "1", "k", "v"));
        Assert.Equal("0", await server.CommandAsync("DBSIZE"));
    }

    [Fact]
    public async Task A_script_without_end_is_Busy_for_the_others()
    {
        await using var server = await RedisServer.StartAsync(
            new RedisServerOptions { Config = ["busy-reply-threshold 50"] }
        );
        await using var connection = await Connect.ToAsync(server, o =>
            o.CommandTimeout = o.HeartbeatTimeout = TimeSpan.FromSeconds(30)
        );
        await using var endless = await Connect.ToAsync(server, o =>
            o.CommandTimeout = o.HeartbeatTimeout = TimeSpan.FromSeconds(30)
        );
        var script = endless.SendAsync(new RedisCommand("EVAL", "while true do end", "0")).AsTask();
        await Condition.HoldsAsync(
            async () => await KindAsync(connection, "GET", "k") == RedisErrorKind.Busy,
            "the server is busy"
        );
        Assert.False(connection.IsClosed);
        await server.CommandAsync("SCRIPT", "KILL");
        Assert.Equal(RedisErrorKind.Other, (await Assert.ThrowsAsync<RedisServerException>(() => script)).Kind);
    }

    [Fact]
    public async Task A_server_that_cannot_persist_is_Misconf()
    {
        await using var server = await RedisServer.StartAsync(
            new RedisServerOptions { Config = ["save 3600 1", "dbfilename dump.rdb"] }
        );
        await using var connection = await Connect.ToAsync(server);
        // A directory in the place of the file makes the background save fail, also for root.
        Directory.CreateDirectory(Path.Combine(server.WorkingDirectory, "dump.rdb", "in-the-way"));
        await server.CommandAsync("SET", "k", "v");
        await server.CommandAsync("BGSAVE");
        await Condition.HoldsAsync(
            async () => await server.InfoAsync("persistence", "rdb_last_bgsave_status") == "err",
            "the save failed"
        );
        Assert.Equal(RedisErrorKind.Misconf, await KindAsync(connection, "SET", "k", "w"));
        Assert.Equal(RedisErrorKind.Misconf, await KindAsync(connection, "EVAL", WritingScript, "1", "h", "v"));
        Assert.Equal("0", await server.CommandAsync("EXISTS", "h"));
    }

    [Fact]
    public async Task A_server_that_reads_its_data_is_NotReady()
    {
        await using var server = await RedisServer.StartAsync(new RedisServerOptions { AppendOnly = true });
        Assert.Equal("OK", await server.CommandAsync("DEBUG", "POPULATE", "200", "k", "100"));
        await server.CommandAsync("BGREWRITEAOF");
        await Condition.HoldsAsync(
            async () => await server.InfoAsync("persistence", "aof_rewrite_in_progress") == "0",
            "the file is written"
        );
        await server.Process.TerminateAsync();
        // 10 ms per key, and the clients served after each one.
        var starting = server.StartAgainAsync("key-load-delay 10000", "loading-process-events-interval-bytes 1024");
        ConnectException? seen = null;
        await Condition.HoldsAsync(
            async () =>
            {
                try
                {
                    await using var connection = await Connect.ToAsync(server);
                    return true;
                }
                catch (ConnectException e)
                {
                    seen = e.Failure == ConnectFailure.NotReady ? e : seen;
                    return seen is not null;
                }
            },
            "the server was met while it loads, or after"
        );
        Assert.NotNull(seen);
        await starting;
        await using var later = await Connect.ToAsync(server);
    }

    private static async Task<RedisErrorKind?> KindAsync(RedisConnection connection, params string[] command)
    {
        try
        {
            await connection.SendAsync(new RedisCommand(command));
            return null;
        }
        catch (RedisServerException e)
        {
            return e.Kind;
        }
    }
}
