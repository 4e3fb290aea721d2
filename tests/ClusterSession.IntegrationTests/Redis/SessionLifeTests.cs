using System.Globalization;
using ClusterSession.Stores;
using ClusterSession.TestKit.Nodes;
using ClusterSession.TestKit.Servers;
using Microsoft.Extensions.DependencyInjection;
using Xunit;

namespace ClusterSession.IntegrationTests.Redis;

/// <summary>How long the server keeps a session, in its own words (X13).</summary>
public sealed class SessionLifeTests : IAsyncLifetime
{
    private RedisServer _redis = null!;

    public async Task InitializeAsync() => _redis = await RedisServer.StartAsync();

    public Task DisposeAsync() => _redis.DisposeAsync().AsTask();

    [Theory]
    [InlineData(20d / 24 / 60)]
    [InlineData(31)]
    [InlineData(365)]
    public async Task Session_is_kept_for_its_idle_timeout_in_the_right_unit_however_long_that_is(double days)
    {
        var idle = TimeSpan.FromDays(days);
        var store = RedisNode.Store(_redis.ConnectionString);
        await using var node = await TestNode.StartAsync(store, options: options => options.IdleTimeout = idle);
        var browser = node.Browser();
        await browser.GetAsync("/set/color/red");
        var key = (await _redis.CommandAsync("KEYS", "cs:1:{*")).Trim();
        await AssertLifeAsync(key, idle);

        await ShortenAsync(key);
        await browser.GetAsync("/set/color/blue");
        await AssertLifeAsync(key, idle);

        await ShortenAsync(key);
        Assert.Equal("blue", await browser.GetAsync("/get/color"));
        Assert.True(ClusterSession.Sessions.SessionId.TryParse(browser.Id!, out var id));
        Assert.Equal(StoreTouch.Touched, await store.TouchAsync(ClusterSession.Sessions.SessionKey.Of(id), idle, idle, CancellationToken.None));
        await AssertLifeAsync(key, idle);

        await browser.GetAsync("/destroy");
        await AssertLifeAsync(key, 2 * idle); // The end is remembered for longer than any copy can be in use.
    }

    private async Task ShortenAsync(string key) => Assert.Equal("1", await _redis.CommandAsync("PEXPIRE", key, "60000"));

    private async Task AssertLifeAsync(string key, TimeSpan atLeast)
    {
        var left = TimeSpan.FromMilliseconds(long.Parse(await _redis.CommandAsync("PTTL", key), CultureInfo.InvariantCulture));
        Assert.InRange(left, atLeast - TimeSpan.FromSeconds(30), atLeast + TimeSpan.FromMinutes(5));
    }
}
