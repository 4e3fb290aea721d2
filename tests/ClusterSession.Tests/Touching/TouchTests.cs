using ClusterSession.Stores.InMemory;
using ClusterSession.TestKit.Nodes;
using ClusterSession.TestKit.Stores;
using ClusterSession.Tests.Nodes;
using ClusterSession.Touching;
using Microsoft.Extensions.DependencyInjection;
using Xunit;

namespace ClusterSession.Tests.Touching;

/// <summary>
/// Reading keeps a session alive, also where the store does not hear of it for a while (X02, X03).
/// </summary>
public sealed class TouchTests : NodeTests
{
    private static readonly TimeSpan Idle = TimeSpan.FromMinutes(20);

    [Fact]
    public async Task Session_that_is_only_read_stays_alive_on_every_node_and_in_the_store()
    {
        var (a, b) = (await StartAsync(), await StartAsync());
        var browser = a.Browser();
        await browser.GetAsync("/set/color/red");
        await ReadEveryMinuteAsync(browser, a, minutes: 60);

        Assert.Equal("red", await browser.GetAsync("/get/color", b));
        Assert.Equal("red", await browser.GetAsync("/get/color", await StartAsync()));
        Assert.Equal(1, Store.Count(StoreOperations.Commit | StoreOperations.Merge)); // The one that began the session.
    }

    [Fact]
    public async Task Reads_that_the_store_did_not_hear_of_keep_the_session_alive_after_healing()
    {
        var faulty = new FaultyStore(new InMemorySessionStore(Sessions));
        var (a, b) = (await StartAsync(store: faulty), await StartAsync());
        var browser = a.Browser();
        await browser.GetAsync("/set/color/red");
        faulty.Failing = StoreOperations.All;
        await ReadEveryMinuteAsync(browser, a, minutes: 10);

        faulty.Failing = StoreOperations.None;
        Time.Advance(TimeSpan.FromSeconds(1));
        await FlushAsync(a);
        Time.Advance(Idle - TimeSpan.FromMinutes(1));

        Assert.Equal("red", await browser.GetAsync("/get/color", b));
        Assert.Equal("False", await browser.GetAsync("/regressed", b));
    }

    private async Task ReadEveryMinuteAsync(TestBrowser browser, TestNode node, int minutes)
    {
        for (var minute = 0; minute < minutes; minute++)
        {
            Time.Advance(TimeSpan.FromMinutes(1));
            Assert.Equal("red", await browser.GetAsync("/get/color", node));
            await FlushAsync(node);
        }
    }

    private static Task FlushAsync(TestNode node) =>
        node.Services.GetRequiredService<SessionTouches>().FlushAsync(default);
}
