using ClusterSession.TestKit.Nodes;
using Xunit;

namespace ClusterSession.IntegrationTests.Redis;

/// <summary>
/// A node that has just started, in front of a server that has the sessions, or has just been
/// emptied (S14, S32).
/// </summary>
public sealed class ColdNodeTests : IAsyncLifetime
{
    private RedisServer _redis = null!;
    private TestNode _a = null!;

    public async ValueTask InitializeAsync()
    {
        _redis = await RedisServer.StartAsync();
        _a = await RedisNode.StartAsync(_redis);
    }

    public async ValueTask DisposeAsync()
    {
        await _a.DisposeAsync();
        await _redis.DisposeAsync();
    }

    [Fact]
    public async Task Two_hundred_requests_for_one_session_read_it_once()
    {
        var browser = _a.Browser();
        await browser.GetAsync("/set/color/red");
        await using var cold = await RedisNode.StartAsync(_redis);
        await Condition.HoldsAsync(
            async () => await cold.Browser().GetAsync("/set/a/1") == "1",
            "the node is connected"
        );
        var another = _a.Browser();
        await another.GetAsync("/set/color/blue");
        await another.GetAsync("/get/color", cold); // The server knows the script from here on.
        var before = await RedisCommands.CountAsync(_redis);

        // While the server is stopped, all of them come to wait for the one answer.
        _redis.Process.Stop();
        var running = Enumerable.Range(0, 200).Select(_ => browser.Copy().GetAsync("/get/color", cold)).ToArray();
        _redis.Process.Continue();

        Assert.All(await Task.WhenAll(running), color => Assert.Equal("red", color));
        Assert.Equal(1, (await RedisCommands.CountAsync(_redis) - before).Total);
    }

    [Fact]
    public async Task Node_started_right_after_the_server_was_emptied_takes_earlier_cookies()
    {
        var browser = _a.Browser();
        await browser.GetAsync("/set/color/red");
        await _redis.CommandAsync("FLUSHALL");
        await Condition.HoldsAsync(
            async () => await _redis.CommandAsync("EXISTS", "cs:1:document:{keyring}") == "1",
            "the keys that sign cookies are back"
        );

        await using var cold = await RedisNode.StartAsync(_redis);
        Assert.Equal("red", await browser.GetAsync("/get/color", cold));
        Assert.Equal("False", await browser.GetAsync("/regressed", cold));
        Assert.Equal("red", await browser.GetAsync("/get/color"));
    }

    [Fact]
    public async Task Session_whose_place_is_taken_by_something_else_holds_up_none_of_the_others()
    {
        var poisoned = _a.Browser();
        await poisoned.GetAsync("/set/color/red");
        var key = (await _redis.CommandAsync("KEYS", "cs:1:{*")).Trim();
        var browsers = Enumerable.Range(0, 20).Select(_ => _a.Browser()).ToArray();
        foreach (var browser in browsers)
        {
            await browser.GetAsync("/set/color/red");
        }

        await _redis.CommandAsync("EVAL", "redis.call('DEL', KEYS[1]) redis.call('SET', KEYS[1], 'junk')", "1", key);
        for (var i = 0; i < 20; i++)
        {
            await poisoned.GetAsync($"/set/n/{i}"); // Not acknowledged: nobody knows whether it can ever be stored.
            Assert.Equal(503, (int)poisoned.LastStatus);
        }

        await using var cold = await RedisNode.StartAsync(_redis);
        foreach (var browser in browsers)
        {
            Assert.Equal("blue", await browser.GetAsync("/set/color/blue"));
            Assert.Equal("blue", await browser.GetAsync("/get/color", cold));
            await poisoned.GetAsync("/get/color", cold);
            Assert.Equal(503, (int)poisoned.LastStatus);
        }

        Assert.Equal((0, true, true), (_a.Unsaved(), _a.Figures().IsStoreResponding, cold.Figures().IsStoreResponding));
        await _redis.CommandAsync("DEL", key);
        await Condition.HoldsAsync(
            async () =>
                await poisoned.GetAsync("/get/color", _a) == "red" && await _redis.CommandAsync("TYPE", key) == "hash",
            "its node restores it where its place is free"
        );
        Assert.Equal("red", await poisoned.GetAsync("/get/color", cold));
    }
}
