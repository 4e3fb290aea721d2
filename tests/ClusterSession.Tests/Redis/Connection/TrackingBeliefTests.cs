using ClusterSession.Redis;
using ClusterSession.TestKit.Redis;
using ClusterSession.Transport.Sockets;
using Xunit;

namespace ClusterSession.Tests.Redis.Connection;

/// <summary>What the handshake makes of a server that says OK to CLIENT TRACKING.</summary>
public sealed class TrackingBeliefTests
{
    [Theory]
    [InlineData("redis", "6.2.7", true)]
    [InlineData("redis", "7.0.15", true)]
    [InlineData("redis", "8.0.1", true)]
    [InlineData("valkey", "7.2.5", true)]
    [InlineData("valkey", "8.1.0", true)]
    [InlineData("valkey", "unstable", false)]
    [InlineData("redis", "6.2.6", false)]
    [InlineData("redis", "6.2.0", false)]
    [InlineData("redis", "unstable", false)]
    public async Task Push_behind_an_own_write_is_taken_for_its_echo_from_the_version_on_that_sends_it_there(
        string server,
        string version,
        bool isBehind
    )
    {
        await using var scripted = await OpenAsync(server, version);
        Assert.Equal(isBehind, scripted.Connection.Echo.IsOn);
    }

    [Theory]
    [InlineData("redis", "6.2.7")]
    [InlineData("redis", "7.0.15")]
    [InlineData("valkey", "7.2.5")]
    [InlineData("valkey", "unstable")]
    public async Task Server_that_pushes_between_replies_is_believed_until_it_is_tried(string server, string version)
    {
        await using var scripted = await OpenAsync(server, version);
        Assert.Null(scripted.Connection.Untracked);
    }

    [Theory]
    [InlineData("6.2.6", "it is 6.2.6, and before 6.2.7")]
    [InlineData("6.2.0", "it is 6.2.0, and before 6.2.7")]
    [InlineData("unstable", "it does not say which version it is, and before 6.2.7")]
    public async Task Redis_that_may_push_in_the_midst_of_replies_is_asked_at_each_use(string version, string why)
    {
        await using var scripted = await OpenAsync("redis", version);
        Assert.StartsWith(why, scripted.Connection.Untracked, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Redis_that_may_push_in_the_midst_of_replies_is_not_used_where_tracking_is_demanded()
    {
        var refusal = await Assert.ThrowsAsync<ConnectException>(() =>
            OpenAsync("redis", "6.2.6", options => options.Coherence = RedisCoherence.Tracking)
        );
        Assert.Contains("it is 6.2.6, and before 6.2.7", refusal.Message, StringComparison.Ordinal);
        Assert.Contains("coherence=revalidate", refusal.Message, StringComparison.Ordinal);
    }

    private static Task<ScriptedConnection> OpenAsync(
        string server,
        string version,
        Action<RedisOptions>? configure = null
    ) =>
        ScriptedConnection.OpenAsync(configure, scripted =>
            scripted.Handshake = command =>
                command[0] == "HELLO"
                    ? "%4\r\n"
                        + string.Concat(
                            new[]
                            {
                                "server",
                                server,
                                "version",
                                version,
                                "mode",
                                "standalone",
                                "role",
                                "master",
                            }.Select(ScriptedRedisServer.Bulk)
                        )
                    : ScriptedRedisServer.DefaultHandshake(command)
        );
}
