using ClusterSession.Stores.InMemory;
using ClusterSession.TestKit.Stores;
using ClusterSession.Tests.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Xunit;

namespace ClusterSession.Tests.Recovery;

/// <summary>
/// A node has nothing in memory of the sessions whose cookies arrive: it was restarted, or takes
/// over from one that died (A08, A09).
/// </summary>
public sealed class TakeoverTests : NodeTests
{
    [Fact]
    public async Task Node_that_was_restarted_goes_on_with_the_sessions_whose_cookies_arrive()
    {
        var before = await StartAsync();
        var browsers = Enumerable.Range(0, 20).Select(_ => before.Browser()).ToArray();
        foreach (var browser in browsers)
        {
            await browser.GetAsync("/set/color/red");
        }

        await StopAsync(before);
        var after = await StartAsync();
        foreach (var browser in browsers)
        {
            var id = browser.Id;
            Assert.Equal("red", await browser.GetAsync("/get/color", after));
            Assert.False(browser.LastSetCookie, "the client keeps its cookie");
            Assert.Equal("blue", await browser.GetAsync("/set/color/blue", after));
            Assert.Equal(id, browser.Id);
        }

        Assert.Equal(browsers.Length, Sessions.Count);
    }

    [Fact]
    public async Task Takeover_reads_the_session_once_however_many_parts_of_the_application_use_it()
    {
        var a = await StartAsync();
        var counted = new CountingStore(new InMemorySessionStore(Sessions));
        var b = await StartAsync(store: counted, after: UseThreeTimes);
        var browser = a.Browser();
        await browser.GetAsync("/set/color/red");

        Assert.Equal("red", await browser.GetAsync("/get/color", b));

        Assert.Equal(3, _uses);
        Assert.Equal(1, counted.Count(StoreOperations.Read));
        Assert.Equal(1, counted.Count(StoreOperations.Sessions));
    }

    private int _uses;

    private void UseThreeTimes(WebApplication app)
    {
        for (var i = 0; i < 3; i++)
        {
            app.Use(
                async (context, next) =>
                {
                    await context.Session.LoadAsync();
                    _uses += context.Session.GetString("color") == "red" ? 1 : 0;
                    await next();
                }
            );
        }
    }
}
