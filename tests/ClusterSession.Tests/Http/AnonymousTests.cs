using ClusterSession.Stores.InMemory;
using ClusterSession.TestKit.Stores;
using ClusterSession.Tests.Nodes;
using Microsoft.Extensions.DependencyInjection;
using Xunit;

namespace ClusterSession.Tests.Http;

/// <summary>Clients that never bring a cookie, and answers that need none (R10, R11).</summary>
public sealed class AnonymousTests : NodeTests
{
    [Theory]
    [InlineData("/untouched")]
    [InlineData("/get/color")]
    [InlineData("/keys")]
    public async Task Flood_of_requests_without_a_cookie_leaves_nothing_in_the_store_and_nothing_in_memory(string path)
    {
        var node = await StartAsync();
        Store.Reset();
        for (var i = 0; i < 2_000; i++)
        {
            var bot = node.Browser();
            await bot.GetAsync(path);
            Assert.False(bot.LastSetCookie);
        }

        var statistics = node.Services.GetRequiredService<ISessionManager>().GetStatistics();
        Assert.Equal(0, Store.Count(StoreOperations.Sessions));
        // The node's own start: the ring of keys, and whose sessions have ended.
        Assert.InRange(Store.Count(StoreOperations.All), 0, 5);
        Assert.Equal((0, 0, 0), (Sessions.Count, statistics.LocalCopies, statistics.ReplayableSessions));
    }

    [Fact]
    public async Task While_the_store_is_down_the_cookie_is_set_where_it_changes_and_nowhere_else()
    {
        var store = new FaultyStore(new InMemorySessionStore(Sessions));
        var node = await StartAsync(store: store);
        var browser = node.Browser();
        await browser.GetAsync("/set/color/red");
        var before = browser.Cookie;
        store.Failing = StoreOperations.All;

        await browser.GetAsync("/get/color");
        Assert.False(browser.LastSetCookie);
        await browser.GetAsync("/set/color/red");
        Assert.False(browser.LastSetCookie, "the same bytes are no change");

        await browser.GetAsync("/set/color/blue");
        Assert.NotEqual(before, browser.Cookie);
        Assert.True(
            browser.Last!.Headers.CacheControl!.Private,
            "no cache may give this client's cookie to another one"
        );

        var stranger = node.Browser();
        await stranger.GetAsync("/set/color/green");
        Assert.Equal(503, (int)stranger.LastStatus);
        Assert.False(stranger.LastSetCookie, "a session that is stored nowhere has no cookie");
    }
}
