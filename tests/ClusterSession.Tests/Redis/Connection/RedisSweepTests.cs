using ClusterSession.Redis;
using ClusterSession.Redis.Connection;
using ClusterSession.TestKit.Redis;
using ClusterSession.Tests.Transport;
using ClusterSession.Transport.Pipelines;
using Xunit;

namespace ClusterSession.Tests.Redis.Connection;

/// <summary>Deadlines and heartbeats, with a clock that only the test moves.</summary>
public sealed class RedisSweepTests
{
    private static readonly TimeSpan Step = TimeSpan.FromMilliseconds(100);

    [Fact]
    public async Task A_heartbeat_is_sent_after_the_interval_and_not_before()
    {
        await using var setup = await Setup.OpenAsync();
        setup.Time.Jump(Step);
        Assert.Equal(0, setup.Connection.InFlight);
        setup.Time.Jump(Step);
        Assert.Equal(0, setup.Connection.InFlight);
        setup.Time.Jump(Step);
        await Condition.HoldsAsync(() => setup.Server.Commands.SequenceEqual(["PING"]), "one heartbeat");
    }

    [Fact]
    public async Task A_command_is_given_up_at_its_deadline_and_not_before()
    {
        await using var setup = await Setup.OpenAsync(o => o.HeartbeatTimeout = TimeSpan.FromMinutes(1));
        setup.Server.Silent = true;
        var waiting = setup.Connection.SendAsync(new RedisCommand("GET", "k")).AsTask();
        for (var passed = Step; passed <= TimeSpan.FromSeconds(2); passed += Step)
        {
            setup.Time.Jump(Step);
            Assert.False(waiting.IsCompleted);
        }

        setup.Time.Jump(Step);
        await Assert.ThrowsAsync<RequestTimeoutException>(() => waiting);
    }

    [Fact]
    public async Task A_connection_that_does_not_answer_is_closed_at_the_heartbeat_timeout_and_not_before()
    {
        await using var setup = await Setup.OpenAsync(o => o.CommandTimeout = TimeSpan.FromMinutes(1));
        setup.Server.Silent = true;
        var waiting = setup.Connection.SendAsync(new RedisCommand("GET", "k")).AsTask();
        for (var passed = Step; passed < TimeSpan.FromSeconds(2); passed += Step)
        {
            setup.Time.Jump(Step);
            Assert.False(setup.Connection.IsClosed);
        }

        setup.Time.Jump(Step);
        Assert.True(setup.Connection.IsClosed);
        await Assert.ThrowsAsync<ConnectionException>(() => waiting);
    }

    [Fact]
    public async Task A_process_that_was_frozen_reads_what_has_come_before_it_judges()
    {
        await using var setup = await Setup.OpenAsync();
        setup.Server.Silent = true;
        var waiting = setup.Connection.SendAsync(new RedisCommand("GET", "k")).AsTask();
        await Condition.HoldsAsync(() => setup.Server.Commands.Contains("GET k"), "the command arrived");
        setup.Time.Jump(TimeSpan.FromMinutes(1));
        // The lease is over at once, the connection and the command are not.
        Assert.False(setup.Connection.IsProvenAlive(TimeSpan.FromSeconds(1)));
        Assert.False(setup.Connection.IsClosed);
        Assert.False(waiting.IsCompleted);
        // But still silence from then on is death.
        for (var passed = TimeSpan.Zero; passed < TimeSpan.FromSeconds(2); passed += Step)
        {
            setup.Time.Jump(Step);
        }

        Assert.True(setup.Connection.IsClosed);
        await Assert.ThrowsAnyAsync<ConnectionException>(() => waiting);
    }

    [Fact]
    public async Task A_request_that_timed_out_keeps_its_place_in_the_order_of_replies()
    {
        await using var setup = await Setup.OpenAsync(o =>
            (o.HeartbeatInterval, o.HeartbeatTimeout) = (TimeSpan.FromMinutes(1), TimeSpan.FromMinutes(2))
        );
        setup.Server.Silent = true;
        var late = setup.Connection.SendAsync(new RedisCommand("GET", "late")).AsTask();
        await Condition.HoldsAsync(() => setup.Server.Commands.Contains("GET late"), "the command arrived");
        for (var passed = TimeSpan.Zero; passed <= TimeSpan.FromSeconds(2); passed += Step)
        {
            setup.Time.Jump(Step);
        }

        Assert.True((await Assert.ThrowsAsync<RequestTimeoutException>(() => late)).Sent);
        Assert.False(setup.Connection.IsClosed);
        Assert.Equal(1, setup.Connection.InFlight);

        setup.Server.Silent = false;
        setup.Server.OnCommand = _ => ScriptedRedisServer.Bulk("late reply") + ScriptedRedisServer.Bulk("own reply");
        Assert.Equal("own reply", (await setup.Connection.SendAsync(new RedisCommand("GET", "next"))).AsString());
        Assert.Equal(0, setup.Connection.InFlight);
    }

    private sealed class Setup : IAsyncDisposable
    {
        public ScriptedRedisServer Server { get; } = new();

        public JumpingTime Time { get; } = new();

        public RedisConnection Connection { get; private set; } = null!;

        public static async Task<Setup> OpenAsync(Action<RedisOptions>? configure = null)
        {
            var setup = new Setup();
            var options = new RedisOptions { Endpoints = [new RedisEndpoint("127.0.0.1", setup.Server.Port)] };
            configure?.Invoke(options);
            setup.Connection = await new RedisConnector(
                options,
                setup.Time,
                null,
                new RedisHandshakeOptions()
            ).ConnectAsync(options.Endpoints[0], CancellationToken.None);
            return setup;
        }

        public async ValueTask DisposeAsync()
        {
            await Connection.DisposeAsync();
            await Server.DisposeAsync();
        }
    }
}
