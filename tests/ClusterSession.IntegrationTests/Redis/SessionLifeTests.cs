using System.Globalization;
using ClusterSession.Stores;
using ClusterSession.TestKit.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Xunit;

namespace ClusterSession.IntegrationTests.Redis;

/// <summary>How long the server keeps a session, in its own words (X13).</summary>
public sealed class SessionLifeTests : IAsyncLifetime
{
    private RedisServer _redis = null!;

    public async ValueTask InitializeAsync() => _redis = await RedisServer.StartAsync();

    public ValueTask DisposeAsync() => _redis.DisposeAsync();

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
        Assert.True(ClusterSession.Records.SessionId.TryParse(browser.Id!, out var id));
        Assert.Equal(
            StoreTouchOutcome.Touched,
            (await store.TouchAsync(ClusterSession.Records.SessionKey.Of(id), idle, idle, default)).Outcome
        );
        await AssertLifeAsync(key, idle);

        await browser.GetAsync("/destroy");
        await AssertLifeAsync(key, 2 * idle); // The end is remembered for longer than any copy can be in use.
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Idle_session_is_refused_and_ended_in_Redis_long_before_its_record_expires(bool atAnotherNode)
    {
        var (storeOfA, storeOfB) = (RedisNode.Store(_redis.ConnectionString), RedisNode.Store(_redis.ConnectionString));
        await using var a = await TestNode.StartAsync(storeOfA, Poll, Short);
        await using var b = await TestNode.StartAsync(storeOfB, Poll, Short);
        var browser = a.Browser();
        await browser.GetAsync("/set/color/red");
        Assert.Equal("red", await browser.GetAsync("/poll", b));
        var thief = browser.Copy();
        Assert.True(ClusterSession.Records.SessionId.TryParse(browser.Id!, out var id));

        await Condition.HoldsAsync(
            async () => await browser.Copy().GetAsync("/poll", atAnotherNode ? b : a) == "",
            "the session is refused"
        );

        var read = await storeOfB.ReadAsync(
            ClusterSession.Records.SessionKey.Of(id),
            ClusterSession.Records.SessionVersion.None,
            default
        );
        Assert.Equal(StoreReadOutcome.Destroyed, read.Outcome);
        Assert.Equal(("", ""), (await thief.GetAsync("/get/color", a), await thief.GetAsync("/get/color", b)));

        static void Poll(IEndpointRouteBuilder endpoints) =>
            endpoints
                .MapGet("/poll", (HttpContext context) => context.Session.GetString("color") ?? "")
                .WithSessionAccess(SessionConcurrency.ReadOnly, prolongs: false);

        static void Short(ClusterSessionOptions options)
        {
            options.IdleTimeout = TimeSpan.FromSeconds(2);
            options.LongestRequest = TimeSpan.FromDays(1);
        }
    }

    private async Task ShortenAsync(string key) =>
        Assert.Equal("1", await _redis.CommandAsync("PEXPIRE", key, "60000"));

    private async Task AssertLifeAsync(string key, TimeSpan atLeast)
    {
        var left = TimeSpan.FromMilliseconds(
            long.Parse(await _redis.CommandAsync("PTTL", key), CultureInfo.InvariantCulture)
        );
        Assert.InRange(left, atLeast - TimeSpan.FromSeconds(30), atLeast + TimeSpan.FromMinutes(5));
    }
}
