using ClusterSession.Transport.Options;
using ClusterSession.Transport.Pipelines;
using Xunit;

namespace ClusterSession.Tests.Transport.Pipelines;

/// <summary>Requests over cut, half-open, slow, sliced and frozen links.</summary>
public sealed class PipelinedConnectionTests
{
    [Fact]
    public async Task Replies_go_to_requests_in_order_over_a_link_that_slices_and_delays()
    {
        await using var link = await EchoLink.OpenAsync();
        link.Network.ToClient.Slice(3);
        link.Network.ToServer.Slice(2);
        link.Network.ToServer.Delay(TimeSpan.FromMilliseconds(1), TimeSpan.FromMilliseconds(3));
        await Task.WhenAll(
            Enumerable
                .Range(0, 16)
                .Select(async caller =>
                {
                    for (var i = 0; i < 20; i++)
                    {
                        Assert.Equal($"{caller}/{i}", await link.AskAsync($"{caller}/{i}"));
                    }
                })
        );
        Assert.Equal(0, link.Connection.InFlight);
    }

    [Fact]
    public async Task Large_reply_arrives_whole_over_a_slow_link()
    {
        await using var link = await EchoLink.OpenAsync();
        link.Network.ToClient.Limit(4 << 20);
        var text = string.Concat(Enumerable.Range(0, 200_000).Select(static i => (char)('a' + (i % 26))));
        Assert.Equal(text, await link.AskAsync(text));
    }

    [Fact]
    public async Task What_the_server_sends_unasked_is_read_in_its_place_between_replies()
    {
        await using var link = await EchoLink.OpenAsync();
        link.Network.ToClient.Slice(1);
        await link.AskAsync("a");
        await link.Server.SendAsync(EchoServer.Message('p', "changed"));
        await Condition.HoldsAsync(() => link.Connection.Events.Contains("pchanged"));
        await link.AskAsync("b");
        Assert.Equal(["rhello", "ra", "pchanged", "rb"], link.Connection.Events);
    }

    [Fact]
    public async Task Request_that_throws_at_its_failure_leaves_none_behind_it_waiting()
    {
        await using var link = await EchoLink.OpenAsync();
        link.Server.Freeze();
        link.Connection.Send(new ThrowingRequest());
        var behind = link.AskAsync("waits");
        await Condition.HoldsAsync(() => link.Server.Received.Contains("throws"));
        link.Network.Cut();
        await Assert.ThrowsAsync<ConnectionException>(() => behind.WaitAsync(TimeSpan.FromSeconds(20)));
        Assert.False((await link.Connection.Closed).IsInOrder);
    }

    [Fact]
    public async Task Cut_link_fails_what_waits_as_sent_and_what_follows_as_not_sent()
    {
        await using var link = await EchoLink.OpenAsync();
        link.Server.Freeze();
        var waiting = link.AskAsync("waits");
        await Condition.HoldsAsync(() => link.Server.Received.Contains("waits"));
        link.Network.Cut();
        Assert.True((await Assert.ThrowsAsync<ConnectionException>(() => waiting)).Sent);
        await link.Connection.Closed;
        Assert.False((await Assert.ThrowsAsync<ConnectionException>(() => link.AskAsync("late"))).Sent);
        Assert.False(link.Connection.IsProvenAlive(TimeSpan.FromDays(1)));
    }

    [Fact]
    public async Task Half_open_link_is_closed_by_the_heartbeat_that_is_not_answered()
    {
        var time = new JumpingTime();
        var options = EchoLink.Patient with
        {
            HeartbeatInterval = TimeSpan.FromMilliseconds(300),
            HeartbeatTimeout = TimeSpan.FromSeconds(2),
        };
        await using var link = await EchoLink.OpenAsync(options, time);
        link.Network.Blackhole();
        for (var passed = 0; !link.Connection.IsClosed; passed += 100)
        {
            Assert.InRange(passed, 0, 2500);
            time.Jump(TimeSpan.FromMilliseconds(100));
        }

        Assert.Contains("HeartbeatTimeout", (await link.Connection.Closed).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Idle_link_goes_on_proving_that_it_is_alive()
    {
        var time = new JumpingTime();
        await using var link = await EchoLink.OpenAsync(
            EchoLink.Patient with
            {
                CommandTimeout = TimeSpan.FromDays(1),
                HeartbeatInterval = TimeSpan.FromMilliseconds(300),
                HeartbeatTimeout = TimeSpan.FromDays(1),
            },
            time
        );
        for (var i = 1; i <= 5; i++)
        {
            var proven = link.Connection.ProvenAliveAt;
            await Condition.HoldsAsync(
                () =>
                {
                    time.Jump(TimeSpan.FromMilliseconds(100));
                    return link.Connection.ProvenAliveAt > proven;
                },
                "a later proof of life"
            );
            Assert.True(link.Server.Received.Count(static text => text == "beat") >= i);
        }
    }

    [Fact]
    public async Task Process_that_was_frozen_reads_what_has_come_before_it_closes_anything()
    {
        var time = new JumpingTime();
        await using var link = await EchoLink.OpenAsync(
            EchoLink.Patient with
            {
                HeartbeatTimeout = TimeSpan.FromSeconds(62),
            },
            time
        );
        link.Server.Freeze();
        var waiting = link.AskAsync("waits");
        await Condition.HoldsAsync(() => link.Server.Received.Contains("waits"));
        time.Jump(TimeSpan.FromHours(1));
        Assert.False(link.Connection.IsProvenAlive(TimeSpan.FromSeconds(1)));
        Assert.False(link.Connection.IsClosed);
        link.Server.Thaw();
        Assert.Equal("waits", await waiting);
    }

    [Fact]
    public async Task Late_reply_of_a_frozen_server_is_not_taken_for_the_next_ones()
    {
        var time = new JumpingTime();
        await using var link = await EchoLink.OpenAsync(
            EchoLink.Patient with
            {
                CommandTimeout = TimeSpan.FromSeconds(2),
            },
            time
        );
        link.Server.Freeze();
        var late = link.AskAsync("late");
        await Condition.HoldsAsync(() => link.Server.Received.Contains("late"));
        for (var passed = 0; passed <= 2000; passed += 100)
        {
            Assert.False(late.IsCompleted);
            time.Jump(TimeSpan.FromMilliseconds(100));
        }

        Assert.True((await Assert.ThrowsAsync<RequestTimeoutException>(() => late)).Sent);
        var next = link.AskAsync("next");
        link.Server.Thaw();
        Assert.Equal("next", await next);
        Assert.Equal(0, link.Connection.InFlight);
    }

    [Fact]
    public async Task Too_many_requests_are_refused_at_once_as_not_sent()
    {
        await using var link = await EchoLink.OpenAsync(EchoLink.Patient with { MaxInFlight = 16 });
        link.Server.Freeze();
        Task<string>[] waiting = [.. Enumerable.Range(0, 16).Select(_ => link.AskAsync("one of them"))];
        Assert.False((await Assert.ThrowsAsync<BackPressureException>(() => link.AskAsync("one too many"))).Sent);
        link.Server.Thaw();
        await Task.WhenAll(waiting);
    }

    [Fact]
    public async Task Bytes_that_the_link_does_not_take_are_bounded()
    {
        await using var link = await EchoLink.OpenAsync(EchoLink.Patient with { MaxUnsentBytes = 1 << 20 });
        link.Network.ToServer.Hold();
        var text = new string('v', 1 << 20);
        List<Task> sent = [];
        await Condition.HoldsAsync(() =>
        {
            sent.Add(link.AskAsync(text));
            return sent.Exists(static task => task.Exception?.InnerException is BackPressureException);
        });
        link.Network.Cut();
        Assert.All(await Task.WhenAll(sent.Select(FailureOf)), static failure =>
            Assert.IsAssignableFrom<ConnectionException>(failure)
        );
    }

    [Fact]
    public async Task Bytes_of_another_protocol_close_the_connection_and_fail_what_waits()
    {
        await using var link = await EchoLink.OpenAsync();
        link.Server.Freeze();
        var waiting = link.AskAsync("waits");
        await Condition.HoldsAsync(() => link.Server.Received.Contains("waits"));
        await link.Server.SendAsync("HTTP/1.1 400"u8.ToArray());
        await Assert.ThrowsAsync<ConnectionException>(() => waiting);
        var reason = await link.Connection.Closed;
        Assert.Contains("violated the protocol", reason.Message, StringComparison.Ordinal);
        Assert.IsType<ProtocolException>(reason.InnerException);
    }

    [Fact]
    public async Task Reply_that_nobody_asked_for_closes_the_connection()
    {
        await using var link = await EchoLink.OpenAsync();
        await link.Server.SendAsync(EchoServer.Message('r', "what?"));
        Assert.Contains("nobody asked for", (await link.Connection.Closed).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Requests_that_gather_while_one_is_being_sent_leave_together()
    {
        await using var stream = new HeldStream();
        await using var connection = new EchoConnection(
            stream,
            new ServerAddress("held", 1),
            EchoLink.Patient,
            TimeProvider.System
        );
        connection.Start();
        List<Task> sent = [connection.SendAsync(new EchoRequest("first")).AsTask()];
        await Condition.HoldsAsync(() => stream.Writes.Count == 1);
        sent.AddRange(Enumerable.Range(0, 100).Select(_ => connection.SendAsync(new EchoRequest("other")).AsTask()));
        stream.Release();
        const int MessageBytes = EchoConnection.HeaderBytes + 5;
        await Condition.HoldsAsync(() => stream.Writes.Count == 2);
        Assert.Equal([MessageBytes, 100 * MessageBytes], stream.Writes);
        await connection.DisposeAsync();
        await Task.WhenAll(sent.Select(FailureOf));
    }

    [Fact]
    public async Task Two_requests_leave_with_nothing_in_between_or_neither_does()
    {
        await using var link = await EchoLink.OpenAsync();
        var (first, broken) = (new EchoRequest("first"), new BrokenRequest());
        var (one, two) = (first.Completion.AsTask(), broken.Completion.AsTask());
        link.Connection.Send(first, broken);
        await Assert.ThrowsAsync<NotSupportedException>(() => one);
        await Assert.ThrowsAsync<NotSupportedException>(() => two);
        Assert.Equal("after", await link.AskAsync("after"));
        Assert.Equal(["hello", "after"], link.Server.Received);
    }

    private static async Task<Exception?> FailureOf(Task task)
    {
        await task.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        return task.Exception?.InnerException;
    }

    private sealed class BrokenRequest : PipelinedRequest<string>
    {
        public override void WriteTo(SendBuffer output)
        {
            output.Advance(output.GetSpan(3).Length / 2);
            throw new NotSupportedException();
        }

        public override void TakeReply(ReadOnlySpan<byte> reply) { }
    }

    /// <summary>As one whose caller has a fault of its own.</summary>
    private sealed class ThrowingRequest : PipelinedRequest
    {
        private readonly EchoRequest _echo = new("throws");

        public override void WriteTo(SendBuffer output) => _echo.WriteTo(output);

        public override void TakeReply(ReadOnlySpan<byte> reply) { }

        public override void Fail(Exception error) => throw new InvalidOperationException("A fault of the caller.");
    }
}
