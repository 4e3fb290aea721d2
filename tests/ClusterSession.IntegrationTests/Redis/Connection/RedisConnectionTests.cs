using ClusterSession.Redis.Connection;
using ClusterSession.Transport.Sockets;
using Xunit;

namespace ClusterSession.IntegrationTests.Redis.Connection;

public sealed class RedisConnectionTests
{
    [Fact]
    public async Task Commands_are_answered_and_the_server_is_known()
    {
        await using var server = await RedisServer.StartAsync();
        await using var connection = await Connect.ToAsync(server);

        Assert.Equal("OK", (await connection.SendAsync(new RedisCommand("SET", "k", "v"))).AsString());
        Assert.Equal("v"u8.ToArray(), await connection.SendAsync(new GetRequest { Key = "k"u8.ToArray() }));
        Assert.Null(await connection.SendAsync(new GetRequest { Key = "missing"u8.ToArray() }));
        Assert.Equal(40, connection.Server.RunId.Length);
        Assert.Equal(await server.InfoAsync("replication", "master_replid"), connection.Server.ReplicationId);
        Assert.Equal(RedisRole.Master, connection.Server.Role);
        Assert.Equal("standalone", connection.Server.Mode);
        Assert.True(connection.IsProvenAlive(TimeSpan.FromSeconds(30)));
    }

    [Fact]
    public async Task Invalidations_come_in_order_with_replies()
    {
        await using var server = await RedisServer.StartAsync();
        var pushes = new RecordingPushHandler();
        await using var connection = await Connect.ToAsync(server, pushes: pushes, tracking: true);
        for (var i = 0; i < 200; i++)
        {
            var key = $"k{i}";
            await connection.SendAsync(new RedisCommand("GET", key));
            Assert.Equal("OK", await server.CommandAsync("SET", key, "x"));
            // The invalidation was sent before this reply, and is handled before it, too.
            var reply = await connection.SendAsync(new RedisCommand("GET", key));
            Assert.Equal("x", reply.AsString());
            Assert.Equal(i + 1, pushes.Events.Count);
        }

        Assert.Equal(Enumerable.Range(0, 200).Select(i => $"invalidate k{i}"), pushes.Events);
        await server.CommandAsync("FLUSHALL");
        await connection.SendAsync(new PingRequest());
        Assert.Equal("invalidate all", pushes.Events.Last());
    }

    [Fact]
    public async Task Wrong_password_is_a_clear_error_without_the_password()
    {
        await using var server = await RedisServer.StartAsync(new RedisServerOptions { Password = "right-secret" });
        var failure = await Assert.ThrowsAsync<ConnectException>(() =>
            Connect.ToAsync(server, o => o.Password = "wrong-secret")
        );
        Assert.Equal(ConnectFailure.AccessDenied, failure.Failure);
        Assert.Contains("user or password is wrong", failure.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("secret", failure.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Missing_password_is_a_clear_error()
    {
        await using var server = await RedisServer.StartAsync(new RedisServerOptions { Password = "secret" });
        var failure = await Assert.ThrowsAsync<ConnectException>(() => Connect.ToAsync(server));
        Assert.Equal(ConnectFailure.AccessDenied, failure.Failure);
        Assert.Contains("wants a password", failure.Message, StringComparison.Ordinal);
    }
}
