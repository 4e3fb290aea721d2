using ClusterSession.TestKit.Nodes;
using ClusterSession.TestKit.Servers;
using ClusterSession.TestKit.Stores;
using ClusterSession.Tests.Nodes;
using ClusterSession.Touching;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Xunit;

namespace ClusterSession.Tests.Lifetime;

public sealed class LifetimeTests : NodeTests
{
    private static readonly TimeSpan Idle = TimeSpan.FromMinutes(20);

    [Fact]
    public async Task Session_lives_for_the_idle_timeout_after_its_last_use_and_not_much_longer()
    {
        var (a, b) = (await StartAsync(), await StartAsync());
        var browser = a.Browser();
        await browser.GetAsync("/set/color/red");
        for (var i = 0; i < 5; i++)
        {
            Time.Advance(Idle - TimeSpan.FromSeconds(1));
            Assert.Equal("red", await browser.GetAsync("/get/color", i % 2 == 0 ? a : b));
            await FlushAsync(a, b);
        }

        Time.Advance(Idle + TimeSpan.FromMinutes(2.3));
        Assert.Equal("", await browser.GetAsync("/get/color", a));
        Assert.False(browser.LastSetCookie);
    }

    [Fact]
    public async Task Hot_local_copy_does_not_outlive_the_absolute_timeout_on_any_node()
    {
        var (a, b) = (await StartAsync(options: Limit), await StartAsync(options: Limit));
        var browser = a.Browser();
        await browser.GetAsync("/set/color/red");
        for (var minute = 1; minute < 60; minute++)
        {
            Time.Advance(TimeSpan.FromMinutes(1));
            Assert.Equal("red", await browser.GetAsync("/get/color", a));
            Assert.Equal("red", await browser.GetAsync("/get/color", b));
        }

        await browser.GetAsync("/set/color/blue");
        var last = browser.Copy();
        Time.Advance(TimeSpan.FromMinutes(1));
        Assert.Equal("", await browser.GetAsync("/get/color", b));
        Assert.Equal("", await last.GetAsync("/get/color", a));
        Assert.Equal(0, Logs.Count("SessionRegressed"));

        static void Limit(ClusterSessionOptions options) => options.AbsoluteTimeout = TimeSpan.FromHours(1);
    }

    [Fact]
    public async Task New_id_does_not_move_the_absolute_end()
    {
        var node = await StartAsync(options: options => options.AbsoluteTimeout = TimeSpan.FromHours(1));
        var browser = node.Browser();
        await browser.GetAsync("/set/color/red");
        for (var i = 0; i < 5; i++)
        {
            Time.Advance(TimeSpan.FromMinutes(10));
            await browser.GetAsync("/rotate");
        }

        Assert.Equal("red", await browser.GetAsync("/get/color"));
        Time.Advance(TimeSpan.FromMinutes(10));
        Assert.Equal("", await browser.GetAsync("/get/color"));
    }

    [Theory]
    [InlineData(1_000_000)]
    [InlineData(0)]
    public async Task Reads_touch_the_store_at_most_once_an_interval(int localCopies)
    {
        var node = await StartAsync(options: options => options.LocalCopies.MaxCount = localCopies);
        var browser = node.Browser();
        await browser.GetAsync("/set/color/red");
        Time.Advance(TimeSpan.FromMinutes(1));
        for (var second = 0; second < 300; second++)
        {
            await browser.GetAsync("/get/color");
            Time.Advance(TimeSpan.FromSeconds(1));
            await FlushAsync(node);
        }

        Assert.InRange(Store.Count(StoreOperations.Touch), 4, 6);
    }

    [Fact]
    public async Task Polling_that_does_not_prolong_sends_no_touch_and_keeps_no_session_alive()
    {
        var node = await StartAsync(Poll);
        var browser = node.Browser();
        await browser.GetAsync("/set/color/red");
        for (var minute = 0; minute < 19; minute++)
        {
            Time.Advance(TimeSpan.FromMinutes(1));
            Assert.Equal("red", await browser.GetAsync("/poll"));
            await FlushAsync(node);
        }

        Assert.Equal(0, Store.Count(StoreOperations.Touch));
        for (var minute = 0; minute < 4; minute++)
        {
            Time.Advance(TimeSpan.FromMinutes(1));
            await browser.GetAsync("/poll");
        }

        Assert.Equal("", await browser.GetAsync("/poll"));
    }

    /// <summary>
    /// A node that checks its copy at each request once gave the store an expired session back, for
    /// ever.
    /// </summary>
    [Fact]
    public async Task Polling_that_checks_its_copy_each_time_does_not_give_an_expired_session_back()
    {
        var store = new ReplaceableStore(Store);
        var node = await StartAsync(Poll, store: store);
        var browser = node.Browser();
        await browser.GetAsync("/set/color/red");
        for (var minute = 0; minute < 23; minute++)
        {
            Time.Advance(TimeSpan.FromMinutes(1));
            store.Reconnect();
            await browser.GetAsync("/poll");
        }

        Assert.Equal("", await browser.GetAsync("/poll"));
        Assert.Equal(0, Logs.Count("StoreLostSession"));
    }

    [Fact]
    public async Task Touch_that_is_not_answered_is_sent_again()
    {
        var faulty = new FaultyStore(Store);
        var node = await StartAsync(store: faulty, options: options => options.Outage.BreakAfter = 10_000);
        var browser = node.Browser();
        await browser.GetAsync("/set/color/red");
        Time.Advance(TimeSpan.FromMinutes(2));
        faulty.Failing = StoreOperations.Touch;
        await browser.GetAsync("/get/color");
        await FlushAsync(node);
        Assert.Equal(0, Store.Count(StoreOperations.Touch));
        faulty.Failing = StoreOperations.None;
        await FlushAsync(node);
        Assert.Equal(1, Store.Count(StoreOperations.Touch));
    }

    [Fact]
    public async Task Touches_are_sent_in_the_background_when_time_passes()
    {
        var node = await StartAsync();
        var browser = node.Browser();
        await browser.GetAsync("/set/color/red");
        Time.Advance(TimeSpan.FromMinutes(2));
        await browser.GetAsync("/get/color");
        await Condition.HoldsAsync(
            () =>
            {
                Time.Advance(TimeSpan.FromSeconds(1));
                return Store.Count(StoreOperations.Touch) == 1;
            },
            "the touch is sent"
        );
    }

    private static async Task FlushAsync(params TestNode[] nodes)
    {
        foreach (var node in nodes)
        {
            await node.Services.GetRequiredService<SessionTouches>().FlushAsync(default);
        }
    }

    private static void Poll(IEndpointRouteBuilder endpoints) =>
        endpoints
            .MapGet("/poll", (HttpContext context) => context.Session.GetString("color") ?? "")
            .WithSessionAccess(SessionConcurrency.ReadOnly, prolongs: false);
}
