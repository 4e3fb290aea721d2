using System.Diagnostics;
using ClusterSession.Redis.Connection;
using ClusterSession.Redis.Protocol;
using ClusterSession.TestKit.Redis;
using ClusterSession.Transport.Pipelines;
using Xunit;

namespace ClusterSession.Tests.Redis.Connection;

public sealed class RedisConnectionTests
{
    [Fact]
    public async Task Replies_go_to_requests_in_order_however_many_callers_there_are()
    {
        await using var scripted = await ScriptedConnection.OpenAsync(script: s => s.OnCommand = Echo);
        await Task.WhenAll(
            Enumerable
                .Range(0, 32)
                .Select(caller =>
                    Task.Run(async () =>
                    {
                        for (var i = 0; i < 200; i++)
                        {
                            var key = $"{caller}/{i}";
                            Assert.Equal(
                                key,
                                (await scripted.Connection.SendAsync(new RedisCommand("GET", key))).AsString()
                            );
                        }
                    })
                )
        );
        Assert.Equal(0, scripted.Connection.InFlight);
    }

    [Fact]
    public async Task Pushes_between_replies_are_handled_between_them()
    {
        await using var scripted = await ScriptedConnection.OpenAsync(script: s => s.OnCommand = _ => null);
        var note = scripted.Events.Enqueue;
        var first = scripted.Connection.SendAsync(new RecordingRequest("a", note)).AsTask();
        var second = scripted.Connection.SendAsync(new RecordingRequest("b", note)).AsTask();
        await Condition.HoldsAsync(() => scripted.Server.Commands.Count == 2, "both commands arrived");

        await scripted.Server.SendSlowlyAsync(
            Invalidate("x")
                + "$1\r\n1\r\n"
                + Invalidate("y", "z")
                + ">3\r\n+message\r\n+ch\r\n$2\r\nhi\r\n"
                + ">2\r\n+invalidate\r\n_\r\n"
                + ">1\r\n+unheard-of\r\n"
                + "$1\r\n2\r\n"
        );

        Assert.Equal("1", await first);
        Assert.Equal("2", await second);
        Assert.Equal(
            ["invalidate x", "reply 1", "invalidate y", "invalidate z", "message ch hi", "invalidate all", "reply 2"],
            scripted.Events
        );
    }

    [Theory]
    [InlineData("hello\r\n")]
    [InlineData("$-7\r\n")]
    [InlineData("*?\r\n")]
    public async Task A_protocol_violation_closes_the_connection_and_fails_what_waits_as_unknown(string violation)
    {
        await using var scripted = await ScriptedConnection.OpenAsync(script: s => s.OnCommand = _ => null);
        var waiting = scripted.Connection.SendAsync(new RedisCommand("GET", "k")).AsTask();
        await Condition.HoldsAsync(() => scripted.Server.Commands.Count == 1, "the command arrived");
        await scripted.Server.SendAsync(violation);

        Assert.True((await Assert.ThrowsAsync<ConnectionException>(() => waiting)).Sent);
        var reason = await scripted.Connection.Closed;
        Assert.Contains("violated the protocol", reason.Message, StringComparison.Ordinal);
        Assert.IsType<RespProtocolException>(reason.InnerException);
    }

    [Fact]
    public async Task A_reply_that_nobody_asked_for_closes_the_connection()
    {
        await using var scripted = await ScriptedConnection.OpenAsync();
        await scripted.Server.SendAsync("+OK\r\n");
        Assert.Contains("nobody asked for", (await scripted.Connection.Closed).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_reply_of_the_wrong_form_fails_its_request_and_closes_the_connection()
    {
        await using var scripted = await ScriptedConnection.OpenAsync(script: s => s.OnCommand = _ => "+WHAT\r\n");
        await Assert.ThrowsAsync<RespProtocolException>(() =>
            scripted.Connection.SendAsync(new PingRequest()).AsTask()
        );
        await scripted.Connection.Closed;
    }

    [Fact]
    public async Task An_error_reply_fails_its_request_only()
    {
        await using var scripted = await ScriptedConnection.OpenAsync(script: s =>
            s.OnCommand = c => c[1] == "bad" ? "-OOM command not allowed\r\n" : "+fine\r\n"
        );
        var failure = await Assert.ThrowsAsync<RedisServerException>(() =>
            scripted.Connection.SendAsync(new RedisCommand("SET", "bad")).AsTask()
        );
        Assert.Equal(RedisErrorKind.OutOfMemory, failure.Kind);
        Assert.Equal("fine", (await scripted.Connection.SendAsync(new RedisCommand("SET", "good"))).AsString());
    }

    [Fact]
    public async Task After_the_end_requests_are_refused_as_not_sent()
    {
        await using var scripted = await ScriptedConnection.OpenAsync();
        scripted.Server.DropConnections();
        await scripted.Connection.Closed;
        Assert.True(scripted.Connection.IsClosed);
        Assert.False(scripted.Connection.IsProvenAlive(TimeSpan.FromDays(1)));
        var failure = await Assert.ThrowsAsync<ConnectionException>(() =>
            scripted.Connection.SendAsync(new PingRequest()).AsTask()
        );
        Assert.False(failure.Sent);
    }

    [Fact]
    public async Task A_silent_server_is_noticed_by_the_heartbeat_although_its_socket_stays_open()
    {
        await using var scripted = await ScriptedConnection.OpenAsync(o =>
        {
            o.HeartbeatInterval = TimeSpan.FromMilliseconds(30);
            o.HeartbeatTimeout = TimeSpan.FromMilliseconds(300);
        });
        await Condition.HoldsAsync(() => scripted.Server.Commands.Contains("PING"), "a heartbeat arrived");
        scripted.Server.Silent = true;
        Assert.Contains(
            "HeartbeatTimeout",
            (await scripted.Connection.Closed.WaitAsync(TimeSpan.FromSeconds(20))).Message,
            StringComparison.Ordinal
        );
    }

    [Fact]
    public async Task An_idle_connection_goes_on_proving_that_it_is_alive()
    {
        await using var scripted = await ScriptedConnection.OpenAsync(o =>
            o.HeartbeatInterval = TimeSpan.FromMilliseconds(20)
        );
        var proven = scripted.Connection.ProvenAliveAt;
        for (var i = 0; i < 5; i++)
        {
            await Condition.HoldsAsync(() => scripted.Connection.ProvenAliveAt > proven, "a later proof of life");
            proven = scripted.Connection.ProvenAliveAt;
        }
    }

    [Fact]
    public async Task The_proof_of_life_is_the_time_of_sending_not_of_the_answer()
    {
        await using var scripted = await ScriptedConnection.OpenAsync(script: s => s.OnCommand = _ => null);
        var before = Stopwatch.GetTimestamp();
        var waiting = scripted.Connection.SendAsync(new RedisCommand("GET", "k")).AsTask();
        var sent = Stopwatch.GetTimestamp();
        Assert.True(scripted.Connection.ProvenAliveAt < before);
        await Condition.HoldsAsync(() => scripted.Server.Commands.Count == 1, "the command arrived");
        await scripted.Server.SendAsync("_\r\n");
        await waiting;
        Assert.InRange(scripted.Connection.ProvenAliveAt, before, sent);
    }

    [Fact]
    public async Task Two_requests_are_sent_with_nothing_in_between()
    {
        await using var scripted = await ScriptedConnection.OpenAsync();
        await Task.WhenAll(
            Enumerable
                .Range(0, 16)
                .Select(caller =>
                    Task.Run(async () =>
                    {
                        for (var i = 0; i < 50; i++)
                        {
                            var (first, second) = (
                                new RedisCommand("FIRST", $"{caller}/{i}"),
                                new RedisCommand("SECOND", $"{caller}/{i}")
                            );
                            var (one, two) = (first.Completion, second.Completion);
                            scripted.Connection.Send(first, second);
                            await one;
                            await two;
                        }
                    })
                )
        );

        var commands = scripted.Server.Commands.ToArray();
        Assert.Equal(1600, commands.Length);
        for (var i = 0; i < commands.Length; i += 2)
        {
            Assert.Equal(commands[i].Replace("FIRST", "SECOND", StringComparison.Ordinal), commands[i + 1]);
        }
    }

    [Fact]
    public async Task A_request_that_fails_to_write_itself_leaves_no_trace_in_the_stream()
    {
        await using var scripted = await ScriptedConnection.OpenAsync(script: s => s.OnCommand = Echo);
        await Assert.ThrowsAsync<InvalidOperationException>(() =>
            scripted.Connection.SendAsync(new BrokenRequest(throws: false)).AsTask()
        );
        await Assert.ThrowsAsync<NotSupportedException>(() =>
            scripted.Connection.SendAsync(new BrokenRequest(throws: true)).AsTask()
        );
        var (first, second) = (new RedisCommand("GET", "first"), new BrokenRequest(throws: true));
        var (one, two) = (first.Completion.AsTask(), second.Completion.AsTask());
        scripted.Connection.Send(first, second);
        await Assert.ThrowsAsync<NotSupportedException>(() => one);
        await Assert.ThrowsAsync<NotSupportedException>(() => two);
        Assert.Equal("k", (await scripted.Connection.SendAsync(new RedisCommand("GET", "k"))).AsString());
        Assert.Equal(["GET k"], scripted.Server.Commands);
    }

    [Fact]
    public async Task Too_many_waiting_requests_are_refused_at_once_as_not_sent()
    {
        await using var scripted = await ScriptedConnection.OpenAsync(
            o => o.MaxInFlight = 16,
            s => s.OnCommand = _ => null
        );
        var waiting = Enumerable
            .Range(0, 16)
            .Select(i => scripted.Connection.SendAsync(new RedisCommand("GET", "k")).AsTask())
            .ToArray();
        var refusal = await Assert.ThrowsAsync<BackPressureException>(() =>
            scripted.Connection.SendAsync(new RedisCommand("GET", "one too many")).AsTask()
        );
        Assert.False(refusal.Sent);
        await Condition.HoldsAsync(() => scripted.Server.Commands.Count == 16, "all commands arrived");
        await scripted.Server.SendAsync(string.Concat(Enumerable.Repeat("_\r\n", 16)));
        await Task.WhenAll(waiting);
    }

    [Fact]
    public async Task Bytes_that_the_network_does_not_take_are_bounded_and_fail_as_not_sent_at_the_end()
    {
        // The server answers the handshake and then stops reading, so the kernel's buffers fill up.
        await using var scripted = await ScriptedConnection.OpenAsync(
            o => o.MaxUnsentBytes = 1 << 20,
            s => s.StopReading = true
        );
        var tasks = new List<Task>();
        var value = new string('v', 1 << 20);
        await Condition.HoldsAsync(
            () =>
            {
                tasks.Add(scripted.Connection.SendAsync(new RedisCommand("SET", "k", value)).AsTask());
                return tasks.Any(t => t.Exception?.InnerException is ConnectionException { Sent: false });
            },
            "a request was refused or failed as not sent"
        );
        scripted.Server.DropConnections();
        await scripted.Connection.Closed;
        foreach (var task in tasks)
        {
            await Assert.ThrowsAnyAsync<ConnectionException>(() => task);
        }
    }

    [Fact]
    public async Task A_subscription_is_answered_by_its_push()
    {
        await using var scripted = await ScriptedConnection.OpenAsync(script: s =>
            s.OnCommand = c =>
                c[0] == "SUBSCRIBE"
                    ? $">3\r\n+subscribe\r\n+{c[1]}\r\n:1\r\n>3\r\n+message\r\n+{c[1]}\r\n+hello\r\n"
                    : Echo(c)
        );
        var reply = await scripted.Connection.SendAsync(new RedisCommand("SUBSCRIBE", "weather"));
        Assert.Equal("subscribe", reply[0].AsString());
        Assert.Equal("k", (await scripted.Connection.SendAsync(new RedisCommand("GET", "k"))).AsString());
        Assert.Equal(["message weather hello"], scripted.Events);
    }

    [Fact]
    public async Task Large_replies_that_come_in_pieces_arrive_whole()
    {
        var value = string.Create(5_000_000, 0, static (text, _) =>
        {
            for (var i = 0; i < text.Length; i++)
            {
                text[i] = (char)('a' + (i % 26));
            }
        });
        await using var scripted = await ScriptedConnection.OpenAsync(script: s =>
            s.OnCommand = _ => ScriptedRedisServer.Bulk(value)
        );
        for (var i = 0; i < 3; i++)
        {
            Assert.Equal(value, (await scripted.Connection.SendAsync(new RedisCommand("GET", "big"))).AsString());
        }
    }

    private static string Echo(string[] command) =>
        command[0] == "PING" ? "+PONG\r\n" : ScriptedRedisServer.Bulk(command[1]);

    private static string Invalidate(params string[] keys) =>
        $">2\r\n$10\r\ninvalidate\r\n*{keys.Length}\r\n" + string.Concat(keys.Select(ScriptedRedisServer.Bulk));

    private sealed class BrokenRequest(bool throws) : RedisRequest<bool>
    {
        public override void WriteTo(ref RespWriter writer)
        {
            writer.WriteCommand("SET"u8, 2);
            writer.WriteBulk("only one"u8);
            if (throws)
            {
                throw new NotSupportedException();
            }
        }

        protected override bool Parse(ref RespReader reader) => true;
    }
}
