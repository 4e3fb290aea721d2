using ClusterSession.Redis;
using ClusterSession.Redis.Connection;
using ClusterSession.Redis.Protocol;
using ClusterSession.Redis.Topology.Standalone;
using ClusterSession.Transport.Sockets;
using Xunit;

namespace ClusterSession.IntegrationTests.Redis.Connection;

public sealed class RedisAccessTests
{
    private const string SessionUser =
        "sess on >user-secret resetkeys ~sess:* resetchannels -@all +@connection -@admin -@dangerous +get +set +info";

    [Fact]
    public async Task An_acl_user_connects_and_is_held_to_its_permissions()
    {
        await using var server = await RedisServer.StartAsync(
            new RedisServerOptions { AclUsers = [SessionUser, "default off"], Config = [] }
        );
        await using var connection = await RedisAccess.ConnectAsync(server, "sess", "user-secret", tracking: true);
        Assert.Equal("OK", (await connection.SendAsync(new RedisCommand("SET", "sess:1", "v"))).AsString());
        Assert.Equal(40, connection.Server.RunId.Length);
        var key = await Assert.ThrowsAsync<RedisServerException>(() =>
            connection.SendAsync(new RedisCommand("SET", "other", "v")).AsTask()
        );
        var command = await Assert.ThrowsAsync<RedisServerException>(() =>
            connection.SendAsync(new RedisCommand("FLUSHALL")).AsTask()
        );
        Assert.Equal((RedisErrorKind.NoPerm, RedisErrorKind.NoPerm), (key.Kind, command.Kind));
    }

    [Fact]
    public async Task A_user_that_may_not_ask_who_the_server_is_can_connect_all_the_same()
    {
        await using var server = await RedisServer.StartAsync(
            new RedisServerOptions { AclUsers = ["narrow on >p ~* -@all +@connection +get"] }
        );
        await using var connection = await RedisAccess.ConnectAsync(server, "narrow", "p", tracking: true);
        Assert.Null(await connection.SendAsync(new GetRequest { Key = "k"u8.ToArray() }));
        Assert.Equal(("", RedisRole.Master), (connection.Server.RunId, connection.Server.Role));
        Assert.Equal(RedisContinuity.Unknown, connection.Server.ContinuityFrom(connection.Server));
    }

    [Fact]
    public async Task Credentials_are_asked_for_at_each_connection()
    {
        await using var server = await RedisServer.StartAsync(
            new RedisServerOptions { AclUsers = ["sess on >first ~* +@all"] }
        );
        var credentials = new RotatingCredentials { Password = "first" };
        var options = Connect.Options(server, o => o.Credentials = credentials);
        await using var topology = new StandaloneTopology(options, TimeProvider.System, new Random(1), null, null);
        topology.Start();
        var connection = await topology.GetConnectionAsync(default, CancellationToken.None);

        credentials.Password = "second";
        Assert.Equal("OK", await server.CommandAsync("ACL", "SETUSER", "sess", "resetpass", ">second"));
        await server.CommandAsync("CLIENT", "KILL", "USER", "sess");
        await connection.Closed;
        Assert.NotNull(await topology.GetConnectionAsync(default, CancellationToken.None));
        Assert.True(credentials.Asked >= 2);
    }

    [Fact]
    public async Task A_disabled_user_and_a_database_that_is_not_there_are_clear_errors()
    {
        await using var server = await RedisServer.StartAsync(
            new RedisServerOptions { AclUsers = ["gone off >p ~* +@all"] }
        );
        var disabled = await Assert.ThrowsAsync<ConnectException>(() => RedisAccess.ConnectAsync(server, "gone", "p"));
        Assert.Equal(ConnectFailure.AccessDenied, disabled.Failure);
        var database = await Assert.ThrowsAsync<ConnectException>(() => Connect.ToAsync(server, o => o.Database = 99));
        Assert.Equal(ConnectFailure.Unsupported, database.Failure);
        Assert.Contains("DB index is out of range", database.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Database_and_client_name_are_set()
    {
        await using var server = await RedisServer.StartAsync();
        await using var connection = await Connect.ToAsync(server, o => (o.Database, o.ClientName) = (3, "node-7"));
        var line = (await server.CommandAsync("CLIENT", "LIST"))
            .Split('\n')
            .Single(l => l.Contains("name=node-7", StringComparison.Ordinal));
        Assert.Contains(" db=3 ", line, StringComparison.Ordinal);
        Assert.Contains(" resp=3", line, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_full_server_is_named_and_may_have_room_later()
    {
        await using var server = await RedisServer.StartAsync();
        await server.CommandAsync("CONFIG", "SET", "maxclients", "1");
        using var other = await RawRedisClient.ConnectAsync(server.Port, null, TimeSpan.FromSeconds(10));
        Assert.Equal("PONG", await other.CommandAsync("PING"));
        var failure = await Assert.ThrowsAsync<ConnectException>(() => Connect.ToAsync(server));
        Assert.False(failure.NeedsOperator);
    }

    private sealed class RotatingCredentials : IRedisCredentials
    {
        public volatile string Password = "";
        public volatile int Asked;

        public ValueTask<RedisCredential> GetAsync(CancellationToken cancellationToken)
        {
            Asked++;
            return new ValueTask<RedisCredential>(new RedisCredential("sess", Password));
        }
    }

    private static class RedisAccess
    {
        public static Task<RedisConnection> ConnectAsync(
            RedisServer server,
            string user,
            string password,
            bool tracking = false
        ) => Connect.ToAsync(server, o => (o.User, o.Password) = (user, password), tracking: tracking);
    }
}
