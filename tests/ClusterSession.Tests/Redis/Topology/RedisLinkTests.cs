using ClusterSession.Redis;
using ClusterSession.Redis.Connection;
using ClusterSession.Redis.Protocol;
using ClusterSession.Redis.Topology;
using ClusterSession.Redis.Topology.Standalone;
using ClusterSession.TestKit.Redis;
using ClusterSession.Tests.Redis.Connection;
using ClusterSession.Transport.Pipelines;
using ClusterSession.Transport.Sockets;
using Xunit;

namespace ClusterSession.Tests.Redis.Topology;

public sealed class RedisLinkTests
{
    private const string ReplicaInfo =
        "# Replication\r\nrole:slave\r\nmaster_replid:2222222222222222222222222222222222222222\r\n";

    [Fact]
    public async Task A_lost_connection_is_made_again_under_a_new_epoch()
    {
        await using var server = new ScriptedRedisServer();
        var observer = new RecordingObserver();
        await using var topology = Topology(observer, [server.Port]);
        topology.Start();
        var first = await topology.GetConnectionAsync(default, CancellationToken.None);
        server.DropConnections();
        await first.Closed;
        var second = await topology.GetConnectionAsync(default, CancellationToken.None);
        Assert.True(second.Epoch > first.Epoch);
        Assert.True(topology.TryGetConnection(default, out var current));
        Assert.Same(second, current);
        Assert.Equal(["connected First", "disconnected", "connected Same"], observer.Events);
    }

    [Fact]
    public async Task Callers_wait_for_a_server_that_is_not_there_yet_until_the_deadline()
    {
        var port = FreePort.Next();
        var observer = new RecordingObserver();
        await using var topology = Topology(observer, [port], o => o.ConnectTimeout = TimeSpan.FromMilliseconds(200));
        topology.Start();
        await Condition.HoldsAsync(() => observer.Events.Contains("failed Unreachable"), "an attempt was refused");
        Assert.False(topology.TryGetConnection(default, out _));
        var failure = await Assert.ThrowsAsync<ConnectException>(() =>
            topology.GetConnectionAsync(default, CancellationToken.None).AsTask()
        );
        Assert.Equal(ConnectFailure.TimedOut, failure.Failure);
        Assert.False(failure.Sent);
        Assert.Contains("Last attempt:", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_wrong_password_is_reported_to_callers_at_once_and_tried_again()
    {
        await using var server = new ScriptedRedisServer();
        var right = false;
        server.Handshake = c =>
            c[0] == "HELLO" && !Volatile.Read(ref right)
                ? "-WRONGPASS invalid username-password pair or user is disabled.\r\n"
                : ScriptedRedisServer.DefaultHandshake(c);
        await using var topology = Topology(null, [server.Port]);
        topology.Start();
        var failure = await Assert.ThrowsAsync<ConnectException>(() =>
            topology.GetConnectionAsync(default, CancellationToken.None).AsTask()
        );
        Assert.Equal(ConnectFailure.AccessDenied, failure.Failure);
        Volatile.Write(ref right, true);
        await Condition.HoldsAsync(() => topology.TryGetConnection(default, out _), "connected");
    }

    [Fact]
    public async Task Of_several_servers_the_master_is_used()
    {
        await using var replica = new ScriptedRedisServer();
        replica.Handshake = c =>
            c is ["INFO", "replication"]
                ? ScriptedRedisServer.Bulk(ReplicaInfo)
                : ScriptedRedisServer.DefaultHandshake(c);
        await using var master = new ScriptedRedisServer();
        await using var topology = Topology(null, [replica.Port, master.Port]);
        topology.Start();
        var connection = await topology.GetConnectionAsync(default, CancellationToken.None);
        Assert.Equal(master.Port, connection.Endpoint.Port);
    }

    [Fact]
    public async Task A_server_that_says_READONLY_is_left_and_the_new_master_found()
    {
        await using var one = new ScriptedRedisServer();
        await using var two = new ScriptedRedisServer();
        var demoted = two;
        Func<ScriptedRedisServer, Func<string[], string?>> role = s =>
            c =>
                c is ["INFO", "replication"] && Volatile.Read(ref demoted) == s
                    ? ScriptedRedisServer.Bulk(ReplicaInfo)
                    : ScriptedRedisServer.DefaultHandshake(c);
        one.Handshake = role(one);
        two.Handshake = role(two);
        await using var topology = Topology(null, [one.Port, two.Port]);
        topology.Start();
        var first = await topology.GetConnectionAsync(default, CancellationToken.None);
        Assert.Equal(one.Port, first.Endpoint.Port);

        Volatile.Write(ref demoted, one);
        topology.ReportError(first, RedisErrorKind.OutOfMemory);
        Assert.False(first.IsClosed);
        topology.ReportError(first, RedisErrorKind.ReadOnly);
        Assert.True(first.IsClosed);
        Assert.Equal(two.Port, (await topology.GetConnectionAsync(default, CancellationToken.None)).Endpoint.Port);
    }

    [Fact]
    public async Task A_server_that_is_loading_is_not_handed_out()
    {
        await using var server = new ScriptedRedisServer();
        var loading = true;
        server.Handshake = c =>
            c[0] == "PING" && Volatile.Read(ref loading)
                ? "-LOADING Redis is loading the dataset in memory\r\n"
                : ScriptedRedisServer.DefaultHandshake(c);
        var observer = new RecordingObserver();
        await using var topology = Topology(observer, [server.Port]);
        topology.Start();
        await Condition.HoldsAsync(() => observer.Events.Count(e => e == "failed NotReady") >= 2, "two attempts");
        Assert.False(topology.TryGetConnection(default, out _));
        Volatile.Write(ref loading, false);
        await topology.GetConnectionAsync(default, CancellationToken.None);
    }

    [Fact]
    public async Task A_server_that_accepts_and_drops_is_tried_at_growing_intervals()
    {
        await using var server = new ScriptedRedisServer();
        server.Handshake = _ => throw new IOException("drop");
        var observer = new RecordingObserver();
        await using var topology = Topology(observer, [server.Port], o =>
            o.ReconnectMaxDelay = TimeSpan.FromSeconds(30)
        );
        topology.Start();
        await Condition.HoldsAsync(() => observer.Events.Count >= 4, "four attempts");
        // Pauses of 10 to 20, 20 to 40, 40 to 80 ms lie between four attempts; a loop without
        // pauses makes hundreds in that time.
        Assert.InRange(server.Accepted, 4, 6);
    }

    [Fact]
    public async Task A_link_that_is_disposed_fails_those_who_wait()
    {
        var topology = Topology(null, [FreePort.Next()], o => o.ConnectTimeout = TimeSpan.FromSeconds(100));
        topology.Start();
        var waiting = topology.GetConnectionAsync(default, CancellationToken.None).AsTask();
        await topology.DisposeAsync();
        await Assert.ThrowsAsync<ConnectException>(() => waiting);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task The_loops_do_not_hold_on_to_the_context_of_the_request_that_began_them(bool suppressed)
    {
        await using var server = new ScriptedRedisServer();
        var context = new AsyncLocal<string> { Value = "request" };
        var observer = new ContextObserver(context);
        await using var topology = Topology(observer, [server.Port]);
        if (suppressed)
        {
            using (ExecutionContext.SuppressFlow())
            {
                topology.Start();
            }
        }
        else
        {
            topology.Start();
        }

        await topology.GetConnectionAsync(default, CancellationToken.None);
        Assert.Equal([null], observer.Seen);
    }

    [Theory]
    [InlineData("run1", "hist1", "0", nameof(RedisContinuity.Same))]
    [InlineData("run1", "hist2", "hist1", nameof(RedisContinuity.SameHistory))]
    [InlineData("run2", "hist1", "0", nameof(RedisContinuity.SameHistory))]
    [InlineData("run2", "hist2", "hist1", nameof(RedisContinuity.SameHistory))]
    [InlineData("run2", "hist2", "0", nameof(RedisContinuity.Unrelated))]
    [InlineData("", "", "", nameof(RedisContinuity.Unknown))]
    public void The_server_behind_a_new_connection_is_compared_with_the_one_before(
        string run,
        string history,
        string former,
        string expected
    )
    {
        var before = new RedisServerIdentity("run1", "hist1", "0", -1, 10, RedisRole.Master, "7.0.15", "standalone");
        Assert.Equal(
            expected,
            (before with { RunId = run, ReplicationId = history, ReplicationId2 = former })
                .ContinuityFrom(before)
                .ToString()
        );
        Assert.Equal(RedisContinuity.First, before.ContinuityFrom(null));
    }

    private sealed class ContextObserver(AsyncLocal<string> context) : IRedisTopologyObserver
    {
        public List<string?> Seen { get; } = [];

        public void OnConnected(RedisConnection connection, RedisServerIdentity? previous) => Seen.Add(context.Value);

        public void OnDisconnected(RedisConnection connection, ConnectionException reason) { }

        public void OnConnectFailed(RedisEndpoint endpoint, ConnectException failure) { }
    }

    private static StandaloneTopology Topology(
        IRedisTopologyObserver? observer,
        int[] ports,
        Action<RedisOptions>? configure = null
    ) => new(ScriptedConnection.Options(ports[0], o =>
            {
                foreach (var port in ports.Skip(1))
                {
                    o.Endpoints.Add(new RedisEndpoint("127.0.0.1", port));
                }

                configure?.Invoke(o);
            }), TimeProvider.System, new Random(1), null, observer);
}
