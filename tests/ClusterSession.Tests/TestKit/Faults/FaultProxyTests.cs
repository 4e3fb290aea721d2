using System.Net.Sockets;
using System.Text;
using ClusterSession.TestKit.Faults;
using ClusterSession.TestKit.Servers;
using Xunit;

namespace ClusterSession.Tests.TestKit.Faults;

public sealed class FaultProxyTests
{
    private static readonly TimeSpan LongerThanAnyTest = TimeSpan.FromHours(1);

    [Fact]
    public async Task A_healthy_proxy_forwards_both_ways_and_counts()
    {
        await using var server = LoopbackServer.Echo();
        await using var proxy = FaultProxy.Start(server.EndPoint);
        await using var client = await LoopbackClient.ConnectAsync(proxy.EndPoint);

        await client.SendAsync("hello");

        await Condition.HoldsAsync(() => client.Received == "hello");
        Assert.Equal(1, proxy.Counters.Accepted);
        // What was sent is counted after that, and may have come before.
        await Condition.HoldsAsync(() => proxy.Counters is { ToServer.Forwarded: 5, ToClient.Forwarded: 5 });
    }

    [Fact]
    public async Task The_end_of_the_stream_is_forwarded_in_both_directions()
    {
        await using var server = LoopbackServer.Echo();
        await using var proxy = FaultProxy.Start(server.EndPoint);
        await using var client = await LoopbackClient.ConnectAsync(proxy.EndPoint);

        await client.SendAsync("last words");
        client.EndSending();

        await Condition.HoldsAsync(() => client.IsClosed);
        Assert.Equal("last words", client.Received);
        await Condition.HoldsAsync(() => proxy.Counters.Open == 0);
    }

    [Fact]
    public async Task Cut_resets_connections_and_refuses_new_ones_until_healed()
    {
        await using var server = LoopbackServer.Echo();
        await using var proxy = FaultProxy.Start(server.EndPoint);
        await using var client = await LoopbackClient.ConnectAsync(proxy.EndPoint);
        await client.SendAsync("x");
        await Condition.HoldsAsync(() => client.Received == "x");

        proxy.Cut();

        await Condition.HoldsAsync(() => client.IsReset);
        await Condition.HoldsAsync(() => server.Ended == 1);
        var refused = await Assert.ThrowsAsync<SocketException>(() => LoopbackClient.ConnectAsync(proxy.EndPoint));
        Assert.Equal(SocketError.ConnectionRefused, refused.SocketErrorCode);

        proxy.Heal();
        await using var next = await LoopbackClient.ConnectAsync(proxy.EndPoint);
        await next.SendAsync("y");
        await Condition.HoldsAsync(() => next.Received == "y");
    }

    [Fact]
    public async Task A_black_hole_accepts_and_forwards_nothing_not_even_the_end()
    {
        await using var server = LoopbackServer.Echo();
        await using var proxy = FaultProxy.Start(server.EndPoint);
        await using var before = await LoopbackClient.ConnectAsync(proxy.EndPoint);
        await before.SendAsync("x");
        await Condition.HoldsAsync(() => before.Received == "x");

        proxy.Blackhole();
        await using var after = await LoopbackClient.ConnectAsync(proxy.EndPoint);
        await before.SendAsync("late");
        before.EndSending();
        await Condition.HoldsAsync(() => proxy.Counters is { Accepted: 2, ToServer.Received: 5 });

        Assert.Equal(1, proxy.Counters.ToServer.Forwarded);
        Assert.Equal(0, server.Ended);
        Assert.False(before.IsReset || before.IsClosed || after.IsReset || after.IsClosed);
    }

    [Fact]
    public async Task After_a_black_hole_what_was_sent_is_delivered_late()
    {
        await using var server = LoopbackServer.Echo();
        await using var proxy = FaultProxy.Start(server.EndPoint);
        await using var client = await LoopbackClient.ConnectAsync(proxy.EndPoint);
        proxy.Blackhole();
        await client.SendAsync("late");

        proxy.Heal();

        await Condition.HoldsAsync(() => client.Received == "late");
    }

    [Fact]
    public async Task After_a_black_hole_connections_can_be_reset_instead()
    {
        await using var server = LoopbackServer.Echo();
        await using var proxy = FaultProxy.Start(server.EndPoint);
        await using var client = await LoopbackClient.ConnectAsync(proxy.EndPoint);
        await client.SendAsync("x");
        await Condition.HoldsAsync(() => client.Received == "x");
        proxy.Blackhole();
        await client.SendAsync("never");

        proxy.Heal(LateBytes.Reset);

        await Condition.HoldsAsync(() => client.IsReset);
        await Condition.HoldsAsync(() => proxy.Counters.ToServer.Forwarded == 1);
    }

    [Fact]
    public async Task Held_replies_wait_in_order_while_requests_pass()
    {
        await using var server = LoopbackServer.Echo();
        await using var proxy = FaultProxy.Start(server.EndPoint);
        await using var client = await LoopbackClient.ConnectAsync(proxy.EndPoint);
        proxy.ToClient.Hold();

        await client.SendAsync("one,");
        await Condition.HoldsAsync(() => proxy.Counters.ToClient.Received == 4);
        await client.SendAsync("two");
        await Condition.HoldsAsync(() => proxy.Counters.ToClient.Received == 7);
        await Condition.HoldsAsync(() => proxy.Counters.ToServer.Forwarded == 7);
        Assert.Equal("", client.Received);

        proxy.ToClient.Release();
        await Condition.HoldsAsync(() => client.Received == "one,two");
    }

    [Fact]
    public async Task A_delay_keeps_bytes_back_and_lifting_it_releases_them_at_once()
    {
        await using var server = LoopbackServer.Echo();
        await using var proxy = FaultProxy.Start(server.EndPoint);
        await using var client = await LoopbackClient.ConnectAsync(proxy.EndPoint);
        proxy.ToServer.Delay(LongerThanAnyTest, jitter: LongerThanAnyTest);

        await client.SendAsync("slow");
        await Condition.HoldsAsync(() => proxy.Counters.ToServer.Received == 4);
        Assert.Equal(0, proxy.Counters.ToServer.Forwarded);

        proxy.ToServer.Delay(TimeSpan.Zero);
        await Condition.HoldsAsync(() => client.Received == "slow");
    }

    [Fact]
    public async Task Jitter_does_not_change_the_order_of_bytes()
    {
        await using var server = LoopbackServer.Echo();
        await using var proxy = FaultProxy.Start(server.EndPoint, seed: 7);
        await using var client = await LoopbackClient.ConnectAsync(proxy.EndPoint);
        proxy.ToServer.Delay(TimeSpan.Zero, jitter: TimeSpan.FromMilliseconds(20));
        var sent = "";

        for (var i = 0; i < 20; i++)
        {
            var piece = $"{i},";
            sent += piece;
            await client.SendAsync(piece);
            await Condition.HoldsAsync(() => proxy.Counters.ToServer.Received == sent.Length);
        }

        await Condition.HoldsAsync(() => client.Received == sent);
    }

    [Fact]
    public async Task A_bandwidth_limit_keeps_the_rest_back_until_it_is_lifted()
    {
        await using var server = LoopbackServer.Echo();
        await using var proxy = FaultProxy.Start(server.EndPoint);
        await using var client = await LoopbackClient.ConnectAsync(proxy.EndPoint);
        proxy.ToServer.Limit(bytesPerSecond: 1);
        var bytes = new byte[100_000];

        await client.SendAsync(bytes);
        await Condition.HoldsAsync(() => proxy.Counters.ToServer.Received == bytes.Length);
        // At one byte per second the whole would take a day.
        Assert.InRange(proxy.Counters.ToServer.Forwarded, 0, bytes.Length / 2);

        proxy.ToServer.Limit(null);
        await Condition.HoldsAsync(() => client.ReceivedBytes.Length == bytes.Length);
    }

    [Fact]
    public async Task Slicing_hands_over_at_most_so_many_bytes_at_once()
    {
        await using var server = LoopbackServer.Echo();
        await using var proxy = FaultProxy.Start(server.EndPoint);
        await using var client = await LoopbackClient.ConnectAsync(proxy.EndPoint);
        proxy.ToServer.Slice(1);

        await client.SendAsync("byte by byte");

        await Condition.HoldsAsync(() => client.Received == "byte by byte");
        await Condition.HoldsAsync(() => proxy.Counters.ToServer.Sends == 12);
    }

    [Fact]
    public async Task Corruption_flips_one_bit_in_each_run_of_bytes()
    {
        await using var server = LoopbackServer.Echo();
        await using var proxy = FaultProxy.Start(server.EndPoint, seed: 3);
        await using var client = await LoopbackClient.ConnectAsync(proxy.EndPoint);
        proxy.ToClient.CorruptEvery(10);
        var sent = new byte[100];

        await client.SendAsync(sent);

        await Condition.HoldsAsync(() => client.ReceivedBytes.Length == sent.Length);
        Assert.Equal(10, client.ReceivedBytes.Count(b => b != 0));
        Assert.Equal(10, client.ReceivedBytes.Sum(b => int.PopCount(b)));
        Assert.Equal(10, proxy.Counters.ToClient.CorruptedBytes);
    }

    [Fact]
    public async Task The_target_can_change_for_new_connections_while_the_address_stays()
    {
        await using var first = LoopbackServer.Echo("1");
        await using var second = LoopbackServer.Echo("2");
        await using var proxy = FaultProxy.Start(first.EndPoint);
        await using var old = await LoopbackClient.ConnectAsync(proxy.EndPoint);
        await old.SendAsync("a");
        await Condition.HoldsAsync(() => old.Received == "1a");

        proxy.Target = second.EndPoint;
        await using var fresh = await LoopbackClient.ConnectAsync(proxy.EndPoint);
        await fresh.SendAsync("b");
        await old.SendAsync("c");

        await Condition.HoldsAsync(() => fresh.Received == "2b" && old.Received == "1a1c");
    }

    [Fact]
    public async Task A_dead_target_resets_the_client()
    {
        var server = LoopbackServer.Echo();
        await using var proxy = FaultProxy.Start(server.EndPoint);
        await server.DisposeAsync();

        await using var client = await LoopbackClient.ConnectAsync(proxy.EndPoint);

        await Condition.HoldsAsync(() => client.IsReset);
        Assert.Equal(1, proxy.Counters.Unreachable);
    }

    [Fact]
    public async Task A_dropped_reply_means_executed_but_never_answered()
    {
        await using var server = LoopbackServer.Resp();
        await using var proxy = FaultProxy.Start(server.EndPoint, framing: ReplyFraming.Resp);
        await using var client = await LoopbackClient.ConnectAsync(proxy.EndPoint);
        await client.SendAsync(Command("EVALSHA", "a") + Command("PING"));
        await Condition.HoldsAsync(() => client.Received == ":1\r\n:2\r\n");

        var drop = proxy.DropReply("EVALSHA", occurrence: 2);
        await client.SendAsync(Command("EVALSHA", "b"));
        await Condition.HoldsAsync(() => client.Received == ":1\r\n:2\r\n:3\r\n");
        await client.SendAsync(Command("EVALSHA", "c"));

        await drop.Dropped;
        await Condition.HoldsAsync(() => client.IsReset);
        Assert.Equal(4, server.Executed);
        Assert.Equal(":1\r\n:2\r\n:3\r\n", client.Received);
    }

    [Fact]
    public async Task In_a_pipeline_only_the_reply_asked_for_and_later_ones_are_lost()
    {
        await using var server = LoopbackServer.Resp(pushBefore: ">2\r\n+invalidate\r\n*1\r\n$1\r\nk\r\n");
        await using var proxy = FaultProxy.Start(server.EndPoint, framing: ReplyFraming.Resp);
        await using var client = await LoopbackClient.ConnectAsync(proxy.EndPoint);
        proxy.ToServer.Slice(1);
        proxy.ToClient.Slice(3);
        var drop = proxy.DropReply("EVALSHA");

        await client.SendAsync(
            Command("GET", "x") + Command("GET", "y") + Command("EVALSHA", "z") + Command("GET", "x")
        );

        await drop.Dropped;
        await Condition.HoldsAsync(() => client.IsReset);
        Assert.Contains(":2\r\n", client.Received, StringComparison.Ordinal);
        Assert.DoesNotContain(":3\r\n", client.Received, StringComparison.Ordinal);
        Assert.True(server.Executed >= 3);
    }

    [Fact]
    public async Task Without_framing_everything_after_the_request_is_its_reply()
    {
        await using var server = LoopbackServer.Echo();
        await using var proxy = FaultProxy.Start(server.EndPoint);
        await using var client = await LoopbackClient.ConnectAsync(proxy.EndPoint);
        var drop = proxy.DropReply("ms key");
        await client.SendAsync("mg other\r\n");
        await Condition.HoldsAsync(() => client.Received == "mg other\r\n");

        await client.SendAsync("ms ");
        await Condition.HoldsAsync(() => client.Received == "mg other\r\nms ");
        await client.SendAsync("key 2\r\nhi\r\n");

        await drop.Dropped;
        await Condition.HoldsAsync(() => client.IsReset);
        Assert.Equal("mg other\r\nms ", client.Received);
    }

    [Fact]
    public async Task Disposing_ends_connections_even_inside_a_black_hole()
    {
        await using var server = LoopbackServer.Echo();
        var proxy = FaultProxy.Start(server.EndPoint);
        await using var client = await LoopbackClient.ConnectAsync(proxy.EndPoint);
        proxy.Blackhole();
        await client.SendAsync("x");

        await proxy.DisposeAsync();

        await Condition.HoldsAsync(() => client.IsReset);
    }

    private static string Command(params string[] words)
    {
        var text = new StringBuilder($"*{words.Length}\r\n");
        foreach (var word in words)
        {
            text.Append($"${word.Length}\r\n{word}\r\n");
        }
        return text.ToString();
    }
}
