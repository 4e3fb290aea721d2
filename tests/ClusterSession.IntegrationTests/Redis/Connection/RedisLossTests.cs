using ClusterSession.Redis;
using ClusterSession.Redis.Connection;
using ClusterSession.Redis.Topology.Standalone;
using ClusterSession.Transport.Pipelines;
using ClusterSession.Transport.Sockets;
using Xunit;

namespace ClusterSession.IntegrationTests.Redis.Connection;

public sealed class RedisLossTests
{
    [Fact]
    public async Task A_restarted_server_is_connected_to_again_and_known_as_another_process()
    {
        await using var server = await RedisServer.StartAsync(new RedisServerOptions { AppendOnly = true });
        var observer = new RecordingObserver();
        await using var topology = new StandaloneTopology(
            Connect.Options(server),
            TimeProvider.System,
            new Random(1),
            null,
            observer
        );
        topology.Start();
        var first = await topology.GetConnectionAsync(default, CancellationToken.None);
        await first.SendAsync(new RedisCommand("SET", "k", "v"));

        await server.Kill9Async();
        await first.Closed;
        Assert.False(topology.TryGetConnection(default, out _));
        await server.StartAgainAsync();
        await Condition.HoldsAsync(() => topology.TryGetConnection(default, out _), "connected again");
        var second = await topology.GetConnectionAsync(default, CancellationToken.None);
        Assert.Equal("v"u8.ToArray(), await second.SendAsync(new GetRequest { Key = "k"u8.ToArray() }));
        Assert.True(second.Epoch > first.Epoch);
        Assert.Equal([RedisContinuity.First, RedisContinuity.Unrelated], observer.Continuities);
    }

    [Fact]
    public async Task A_killed_client_connection_is_made_again_to_the_same_process()
    {
        await using var server = await RedisServer.StartAsync();
        var observer = new RecordingObserver();
        await using var topology = new StandaloneTopology(
            Connect.Options(server),
            TimeProvider.System,
            new Random(1),
            null,
            observer
        );
        topology.Start();
        var first = await topology.GetConnectionAsync(default, CancellationToken.None);
        await server.CommandAsync("CLIENT", "KILL", "TYPE", "normal");
        await first.Closed;
        await topology.GetConnectionAsync(default, CancellationToken.None);
        Assert.Equal([RedisContinuity.First, RedisContinuity.Same], observer.Continuities);
    }

    [Fact]
    public async Task A_stopped_server_is_noticed_and_what_was_sent_is_unknown()
    {
        await using var server = await RedisServer.StartAsync();
        await using var connection = await Connect.ToAsync(server, o =>
        {
            o.HeartbeatInterval = TimeSpan.FromMilliseconds(100);
            o.HeartbeatTimeout = TimeSpan.FromMilliseconds(1500);
            o.CommandTimeout = TimeSpan.FromSeconds(60);
        });
        server.Process.Stop();
        try
        {
            var waiting = connection.SendAsync(new RedisCommand("SET", "k", "v")).AsTask();
            Assert.Contains("HeartbeatTimeout", (await connection.Closed).Message, StringComparison.Ordinal);
            Assert.True((await Assert.ThrowsAsync<ConnectionException>(() => waiting)).Sent);
        }
        finally
        {
            server.Process.Continue();
        }

        // Unknown it was: the server executes it when it wakes up.
        await Condition.HoldsAsync(
            async () => await server.CommandAsync("GET", "k") == "v",
            "the command was executed after all"
        );
    }

    [Fact]
    public async Task A_stopped_server_does_not_hold_up_an_attempt_to_connect_beyond_its_timeout()
    {
        await using var server = await RedisServer.StartAsync();
        server.Process.Stop();
        var failure = await Assert.ThrowsAsync<ConnectException>(() =>
            Connect.ToAsync(server, o => o.ConnectTimeout = TimeSpan.FromMilliseconds(300))
        );
        Assert.Equal(ConnectFailure.TimedOut, failure.Failure);
        server.Process.Continue();
    }

    [Fact]
    public async Task A_promoted_replica_is_known_to_continue_the_history()
    {
        await using var master = await RedisServer.StartAsync();
        await using var replica = await RedisServer.StartAsync(new RedisServerOptions { ReplicaOf = master.Port });
        await Condition.HoldsAsync(
            async () => await replica.InfoAsync("replication", "master_link_status") == "up",
            "replica is in step"
        );
        var observer = new RecordingObserver();
        var options = Connect.Options(master, o => o.Endpoints.Add(new RedisEndpoint(replica.Host, replica.Port)));
        await using var topology = new StandaloneTopology(options, TimeProvider.System, new Random(1), null, observer);
        topology.Start();
        await topology.GetConnectionAsync(default, CancellationToken.None);

        await master.Kill9Async();
        Assert.Equal("OK", await replica.CommandAsync("REPLICAOF", "NO", "ONE"));
        await Condition.HoldsAsync(
            () => topology.TryGetConnection(default, out var c) && c.Endpoint.Port == replica.Port,
            "connected to the promoted replica"
        );
        Assert.Equal([RedisContinuity.First, RedisContinuity.SameHistory], observer.Continuities);
    }

    [Fact]
    public async Task Many_callers_through_a_restart_get_an_answer_or_a_named_failure()
    {
        await using var server = await RedisServer.StartAsync(new RedisServerOptions { AppendOnly = true });
        await using var topology = new StandaloneTopology(
            Connect.Options(server),
            TimeProvider.System,
            new Random(1),
            null,
            null
        );
        topology.Start();
        using var stop = new CancellationTokenSource();
        var acknowledged = new int[16];
        var callers = Enumerable
            .Range(0, 16)
            .Select(caller =>
                Task.Run(async () =>
                {
                    var request = new RedisCommand("INCR", $"caller{caller}");
                    for (var failures = 0; !stop.IsCancellationRequested && failures < 10_000; )
                    {
                        try
                        {
                            var connection = await topology.GetConnectionAsync(default, CancellationToken.None);
                            await connection.SendAsync(request);
                            Interlocked.Increment(ref acknowledged[caller]);
                        }
                        catch (ConnectionException)
                        {
                            failures++;
                        }
                    }
                })
            )
            .ToArray();

        await Condition.HoldsAsync(() => acknowledged.All(n => n > 50), "all callers are at work");
        await server.Kill9Async();
        await server.StartAgainAsync();
        var before = acknowledged.ToArray();
        await Condition.HoldsAsync(
            () => acknowledged.Zip(before).All(p => p.First > p.Second + 50),
            "all callers are at work again"
        );
        await stop.CancelAsync();
        await Task.WhenAll(callers);
        for (var caller = 0; caller < callers.Length; caller++)
        {
            var stored = int.Parse(
                await server.CommandAsync("GET", $"caller{caller}"),
                System.Globalization.CultureInfo.InvariantCulture
            );
            // Everything acknowledged is there, and at most the one command that the kill left
            // unknown besides.
            Assert.InRange(stored, acknowledged[caller], acknowledged[caller] + 1);
        }
    }
}
