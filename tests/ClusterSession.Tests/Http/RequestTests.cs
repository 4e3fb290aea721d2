using ClusterSession.Stores.InMemory;
using ClusterSession.TestKit.Nodes;
using Xunit;

namespace ClusterSession.Tests.Http;

public sealed class RequestTests : IAsyncLifetime
{
    private readonly InMemorySessions _sessions = new(TimeProvider.System);
    private TestNode _a = null!;
    private TestNode _b = null!;

    public async ValueTask InitializeAsync()
    {
        _a = await TestNode.StartAsync(_sessions);
        _b = await TestNode.StartAsync(_sessions);
    }

    public async ValueTask DisposeAsync()
    {
        await _a.DisposeAsync();
        await _b.DisposeAsync();
    }

    [Fact]
    public async Task Unused_new_session_sets_no_cookie_and_reaches_no_store()
    {
        var browser = _a.Browser();
        await browser.GetAsync("/untouched");
        await browser.GetAsync("/get/color");
        Assert.False(browser.LastSetCookie);
        Assert.Equal(0, _sessions.Count);
    }

    [Fact]
    public async Task What_one_node_writes_the_other_reads_right_after()
    {
        var browser = _a.Browser();
        for (var i = 0; i < 20; i++)
        {
            await browser.GetAsync($"/set/color/v{i}", i % 2 == 0 ? _a : _b);
            Assert.True(browser.LastSetCookie);
            Assert.Equal($"v{i}", await browser.GetAsync("/get/color", i % 2 == 0 ? _b : _a));
        }
    }

    [Fact]
    public async Task Rotated_session_keeps_its_data_and_its_old_id_is_dead_everywhere()
    {
        var browser = _a.Browser();
        await browser.GetAsync("/set/color/red");
        var thief = _b.Browser();
        thief.Cookie = browser.Cookie;
        Assert.Equal("red", await thief.GetAsync("/get/color"));
        await browser.GetAsync("/rotate");
        Assert.NotEqual(thief.Cookie!.Split('.')[0], browser.Cookie!.Split('.')[0]);
        Assert.Equal("red", await browser.GetAsync("/get/color", _b));
        Assert.Equal("", await thief.GetAsync("/get/color"));
        Assert.False(thief.LastSetCookie);
    }
}
