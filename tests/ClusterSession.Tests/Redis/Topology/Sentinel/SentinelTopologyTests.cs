using ClusterSession.Redis;
using ClusterSession.Redis.Connection;
using ClusterSession.Redis.Topology.Sentinel;
using ClusterSession.TestKit.Redis;
using ClusterSession.Tests.Redis.Connection;
using ClusterSession.Transport.Sockets;
using Xunit;

namespace ClusterSession.Tests.Redis.Topology.Sentinel;

public sealed class SentinelTopologyTests : IAsyncLifetime
{
    private readonly ScriptedSentinel _one = new();
    private readonly ScriptedSentinel _two = new();
    private readonly ScriptedRedisServer _a = new();
    private readonly ScriptedRedisServer _b = new();

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public async ValueTask DisposeAsync()
    {
        await _one.DisposeAsync();
        await _two.DisposeAsync();
        await _a.DisposeAsync();
        await _b.DisposeAsync();
    }

    [Fact]
    public async Task A_stale_sentinel_that_stands_first_is_outvoted_by_a_newer_epoch()
    {
        _one.Say(_a.Port, 3);
        _two.Say(_b.Port, 4);
        await using var topology = Start(_one.Endpoint, _two.Endpoint);
        await ConnectedToAsync(topology, _b);
        Assert.Equal(0, _a.Accepted);
    }

    [Fact]
    public async Task A_dead_sentinel_that_stands_first_does_no_harm()
    {
        _two.Say(_a.Port, 1);
        await using var topology = Start(new RedisEndpoint("127.0.0.1", FreePort.Next()), _two.Endpoint);
        await ConnectedToAsync(topology, _a);
    }

    [Fact]
    public async Task A_sentinel_that_hangs_does_no_harm()
    {
        _one.Server.Silent = true;
        _two.Say(_a.Port, 1);
        await using var topology = Start(_one.Endpoint, _two.Endpoint);
        await ConnectedToAsync(topology, _a);
    }

    [Fact]
    public async Task A_master_that_a_newer_epoch_replaces_is_left_although_it_still_answers()
    {
        _one.Say(_a.Port, 1);
        await using var topology = Start(_one.Endpoint);
        var first = await ConnectedToAsync(topology, _a);
        _one.Say(_b.Port, 2);
        await _one.HintAsync();
        await ConnectedToAsync(topology, _b);
        Assert.True(first.IsClosed);
        Assert.False(_a.Silent);
    }

    [Fact]
    public async Task Without_a_hint_it_is_noticed_all_the_same()
    {
        _one.Say(_a.Port, 1);
        await using var topology = Start(_one.Endpoint);
        await ConnectedToAsync(topology, _a);
        _one.Say(_b.Port, 2);
        await ConnectedToAsync(topology, _b);
    }

    [Fact]
    public async Task A_server_that_is_no_master_is_not_used_whichever_sentinel_names_it()
    {
        _a.Handshake = Replica;
        _one.Say(_a.Port, 1);
        await using var topology = Start(_one.Endpoint);
        await Condition.HoldsAsync(() => _a.Accepted >= 2, "tried twice");
        Assert.False(topology.TryGetConnection(default, out _));
        _a.Handshake = ScriptedRedisServer.DefaultHandshake;
        await ConnectedToAsync(topology, _a);
    }

    [Fact]
    public async Task Other_sentinels_are_learnt_and_believed()
    {
        _one.Say(_a.Port, 1, sentinels: [_two.Endpoint.Port]);
        _two.Say(_a.Port, 1);
        await using var topology = Start(_one.Endpoint);
        await ConnectedToAsync(topology, _a);
        await Condition.HoldsAsync(() => topology.Sentinels.Count == 2, "both sentinels are known");
        await _one.DisposeAsync();
        _two.Say(_b.Port, 2);
        await ConnectedToAsync(topology, _b);
    }

    [Fact]
    public async Task With_all_sentinels_down_the_last_master_is_used_on()
    {
        _one.Say(_a.Port, 1);
        await using var topology = Start(_one.Endpoint);
        var first = await ConnectedToAsync(topology, _a);
        await _one.DisposeAsync();
        _a.DropConnections();
        await first.Closed;
        await ConnectedToAsync(topology, _a);
    }

    [Fact]
    public async Task A_hanging_attempt_at_the_old_master_is_given_up_when_there_is_a_new_one()
    {
        _a.Handshake = _ => null;
        _a.Silent = true;
        _one.Say(_a.Port, 1);
        // The connect timeout of 20 s would be waited out otherwise, longer than the test waits.
        await using var topology = Start(_one.Endpoint);
        await Condition.HoldsAsync(() => _a.Accepted > 0, "it tries");
        _one.Say(_b.Port, 2);
        await ConnectedToAsync(topology, _b, TimeSpan.FromSeconds(10));
    }

    [Fact]
    public async Task A_promoted_replica_is_used_before_the_sentinels_have_noticed()
    {
        _b.Handshake = Replica;
        _one.Say(_a.Port, 1, replicas: [_b.Port]);
        await using var topology = Start(_one.Endpoint);
        await ConnectedToAsync(topology, _a);
        _one.Say(_a.Port, 1, "master,s_down,o_down,failover_in_progress", replicas: [_b.Port]);
        await _a.DisposeAsync();
        await Condition.HoldsAsync(() => _b.Accepted > 0, "the replica is asked");
        Assert.False(topology.TryGetConnection(default, out _));
        _b.Handshake = Successor;
        var connection = await ConnectedToAsync(topology, _b);
        _one.Say(_b.Port, 2);
        await _one.HintAsync();
        await Condition.HoldsAsync(
            () => _one.Server.Commands.Count(c => c.StartsWith("SENTINEL MASTER", StringComparison.Ordinal)) > 5,
            "asked again"
        );
        Assert.False(connection.IsClosed);
    }

    [Fact]
    public async Task A_promoted_replica_is_used_while_its_sentinel_still_leads_the_others_over()
    {
        _one.Say(_a.Port, 1, replicas: [_b.Port]);
        await using var topology = Start(_one.Endpoint);
        await ConnectedToAsync(topology, _a);
        // Not guessed: it is named. A guess would go to the other replica, again and again.
        _one.Say(
            _b.Port,
            2,
            "master,s_down,o_down,failover_in_progress",
            replicas: [_b.Port, FreePort.Next()],
            former: _a.Port
        );
        await _a.DisposeAsync();
        await ConnectedToAsync(topology, _b);
    }

    [Fact]
    public async Task A_master_that_continues_another_history_is_no_successor()
    {
        _b.Handshake = c =>
            c is ["INFO", "replication"]
                ? ScriptedRedisServer.Bulk("role:master\r\nmaster_replid:3333\r\nmaster_replid2:9999\r\n")
                : ScriptedRedisServer.DefaultHandshake(c);
        _one.Say(_a.Port, 1, replicas: [_b.Port]);
        await using var topology = Start(_one.Endpoint);
        await ConnectedToAsync(topology, _a);
        _one.Say(_a.Port, 1, "master,o_down", replicas: [_b.Port]);
        await _a.DisposeAsync();
        await Condition.HoldsAsync(() => _b.Accepted > 2, "tried again and again");
        Assert.False(topology.TryGetConnection(default, out _));
    }

    [Fact]
    public async Task A_name_that_no_sentinel_knows_is_reported_at_once()
    {
        await using var topology = Start(_one.Endpoint, _two.Endpoint);
        var failure = await Assert.ThrowsAsync<ConnectException>(() =>
            topology.GetConnectionAsync(default, CancellationToken.None).AsTask()
        );
        Assert.Equal(RedisConnectFailure.UnknownService, failure.Failure);
        Assert.Contains("'mymaster' (serviceName)", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Sentinels_have_a_password_of_their_own_and_never_see_the_servers_one()
    {
        var hellos = new System.Collections.Concurrent.ConcurrentQueue<string>();
        var script = _one.Server.Handshake;
        _one.Server.Handshake = c =>
        {
            if (c[0] == "HELLO")
            {
                hellos.Enqueue(string.Join(' ', c));
            }

            return script(c);
        };
        _one.Say(_a.Port, 1);
        await using var topology = Start(
            o => (o.Password, o.SentinelUser, o.SentinelPassword) = ("servers", "watcher", "sentinels"),
            _one.Endpoint
        );
        await ConnectedToAsync(topology, _a);
        Assert.StartsWith("HELLO 3 AUTH watcher sentinels", Assert.Single(hellos), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_sentinel_that_wants_a_password_is_reported_at_once_with_the_setting()
    {
        _one.Server.Handshake = c => "-NOAUTH Authentication required.\r\n";
        await using var topology = Start(_one.Endpoint);
        var failure = await Assert.ThrowsAsync<ConnectException>(() =>
            topology.GetConnectionAsync(default, CancellationToken.None).AsTask()
        );
        Assert.Equal(ConnectFailure.AccessDenied, failure.Failure);
        Assert.Contains("sentinelPassword=", failure.Message, StringComparison.Ordinal);
    }

    private static string? Replica(string[] c) =>
        c is ["INFO", "replication"]
            ? ScriptedRedisServer.Bulk("role:slave\r\nmaster_replid:2222222222222222222222222222222222222222\r\n")
            : ScriptedRedisServer.DefaultHandshake(c);

    private static string? Successor(string[] c) =>
        c is ["INFO", "replication"]
            ? ScriptedRedisServer.Bulk(
                "role:master\r\nmaster_replid:3333\r\nmaster_replid2:2222222222222222222222222222222222222222\r\nsecond_repl_offset:1\r\n"
            )
            : ScriptedRedisServer.DefaultHandshake(c);

    private static SentinelTopology Start(params RedisEndpoint[] sentinels) => Start(null, sentinels);

    private static SentinelTopology Start(Action<RedisOptions>? configure, params RedisEndpoint[] sentinels)
    {
        var options = ScriptedConnection.Options(sentinels[0].Port, o =>
        {
            foreach (var sentinel in sentinels.Skip(1))
            {
                o.Endpoints.Add(sentinel);
            }

            o.ServiceName = "mymaster";
            configure?.Invoke(o);
        });
        var topology = new SentinelTopology(options, TimeProvider.System, new Random(1), null, null);
        topology.Start();
        return topology;
    }

    private static async Task<RedisConnection> ConnectedToAsync(
        SentinelTopology topology,
        ScriptedRedisServer server,
        TimeSpan? deadline = null
    )
    {
        RedisConnection? connection = null;
        await Condition.HoldsAsync(
            () => topology.TryGetConnection(default, out connection) && connection.Endpoint.Port == server.Port,
            "connected to the right server",
            deadline
        );
        return connection!;
    }
}
