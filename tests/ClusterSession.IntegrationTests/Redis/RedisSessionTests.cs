using ClusterSession.Local;
using ClusterSession.Records;
using ClusterSession.Stores;
using ClusterSession.TestKit.Conformance;
using ClusterSession.TestKit.Faults;
using ClusterSession.TestKit.Nodes;
using ClusterSession.TestKit.Sessions;
using Xunit;

namespace ClusterSession.IntegrationTests.Redis;

public sealed class RedisSessionTests : IAsyncLifetime
{
    private RedisServer _redis = null!;
    private TestNode _a = null!;
    private TestNode _b = null!;

    public async ValueTask InitializeAsync()
    {
        _redis = await RedisServer.StartAsync();
        _a = await RedisNode.StartAsync(_redis);
        _b = await RedisNode.StartAsync(_redis);
    }

    public async ValueTask DisposeAsync()
    {
        await _a.DisposeAsync();
        await _b.DisposeAsync();
        await _redis.DisposeAsync();
    }

    [Fact]
    public async Task What_one_node_writes_the_other_reads_right_after()
    {
        var browser = _a.Browser();
        for (var i = 0; i < 50; i++)
        {
            await browser.GetAsync($"/set/color/v{i}", i % 2 == 0 ? _a : _b);
            Assert.Equal($"v{i}", await browser.GetAsync("/get/color", i % 2 == 0 ? _b : _a));
        }
    }

    [Fact]
    public async Task Script_flush_is_not_noticed()
    {
        var browser = _a.Browser();
        await browser.GetAsync("/set/color/red");
        await _redis.CommandAsync("SCRIPT", "FLUSH");
        Assert.Equal("blue", await browser.GetAsync("/set/color/blue", _b));
        Assert.Equal("blue", await browser.GetAsync("/get/color"));
    }

    [Fact]
    public async Task Session_that_the_server_lost_is_restored_by_the_node_that_has_it()
    {
        var browser = _a.Browser();
        await browser.GetAsync("/set/color/red");
        await _redis.CommandAsync("FLUSHALL");
        Assert.Equal("red", await browser.GetAsync("/get/color"));
        Assert.Equal("red", await browser.GetAsync("/get/color", _b));
    }

    [Fact]
    public async Task Session_that_was_deleted_by_hand_is_no_logout()
    {
        var browser = _a.Browser();
        await browser.GetAsync("/set/color/red");
        await browser.GetAsync("/get/color", _b);
        await _redis.CommandAsync("DEL", (await _redis.CommandAsync("KEYS", "cs:1:{*")).Trim());
        Assert.Equal("red", await browser.GetAsync("/get/color", _b));
        Assert.Equal("False", await browser.GetAsync("/regressed", _b));
        Assert.Equal("red", await browser.GetAsync("/get/color"));
    }

    [Fact]
    public async Task Read_whose_connection_is_lost_is_repeated_over_the_next_one()
    {
        await using var proxy = FaultProxy.Start(_redis.Port, framing: ReplyFraming.Resp);
        await using var store = RedisNode.Store($"{proxy.EndPoint}");
        await store.StartAsync(new RecordingObserver(), default);
        await Condition.HoldsAsync(
            async () => (await store.ReadDocumentAsync("none", default, default)).IsAnswered,
            "the store answers"
        );

        var dropped = proxy.DropReply("EVALSHA");
        var read = await store.ReadAsync(SessionKeys.New(), SessionVersion.None, default);

        Assert.True(dropped.Dropped.IsCompleted);
        Assert.Equal(StoreReadOutcome.Missing, read.Outcome);
    }

    [Fact]
    public async Task New_session_whose_connection_is_lost_before_the_answer_is_stored_once()
    {
        await using var proxy = FaultProxy.Start(_redis.Port, framing: ReplyFraming.Resp);
        await using var node = await TestNode.StartAsync(RedisNode.Store($"{proxy.EndPoint}"));
        await node.Browser().GetAsync("/set/color/green"); // The server knows the script from here on.

        var dropped = proxy.DropReply("EVALSHA");
        var browser = node.Browser();
        Assert.Equal("red", await browser.GetAsync("/set/color/red"));

        Assert.True(dropped.Dropped.IsCompleted);
        Assert.Equal("red", await browser.GetAsync("/get/color", _b));
        Assert.Equal(
            2,
            (await _redis.CommandAsync("KEYS", "cs:1:{*")).Split('\n', StringSplitOptions.RemoveEmptyEntries).Length
        );
    }

    [Fact]
    public async Task Second_read_comes_from_the_local_copy_until_another_node_writes()
    {
        var browser = _a.Browser();
        await browser.GetAsync("/set/color/red");
        Assert.Equal("LocalCopy", await browser.GetAsync("/source"));
        Assert.Equal("Store", await browser.GetAsync("/source", _b));
        Assert.Equal("LocalCopy", await browser.GetAsync("/source", _b));
        await browser.GetAsync("/set/color/blue", _b);
        Assert.Equal("Store", await browser.GetAsync("/source"));
        Assert.Equal("LocalCopy", await browser.GetAsync("/source", _b));
    }
}
