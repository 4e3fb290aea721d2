using ClusterSession.TestKit.Nodes;
using ClusterSession.TestKit.Stores;
using ClusterSession.Tests.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Xunit;

namespace ClusterSession.Tests.Http;

/// <summary>When a new session begins to be one.</summary>
public sealed class EstablishTests : NodeTests
{
    [Theory]
    [MemberData(nameof(ServerKinds.All), MemberType = typeof(ServerKinds))]
    public async Task Set_and_Remove_establish_a_session_that_can_be_filled_while_the_response_streams(ServerKind kind)
    {
        var node = await StartAsync(Map, kind: kind);
        var browser = node.Browser();
        Assert.Equal("streamed", await browser.GetAsync("/stream"));
        Assert.True(browser.LastSetCookie);
        Assert.Equal("1", await browser.GetAsync("/get/late"));
        Assert.Equal("late", await browser.GetAsync("/keys"));
    }

    [Theory]
    [InlineData("/remove/nothing")]
    [InlineData("/keys")]
    [InlineData("/clear")]
    [InlineData("/get/nothing")]
    public async Task New_session_in_which_nothing_was_set_costs_nothing_and_sends_no_cookie(string path)
    {
        var node = await StartAsync(Map);
        await node.Browser().GetAsync("/set/warm/1");
        Store.Reset();
        var browser = node.Browser();
        await browser.GetAsync(path);
        Assert.False(browser.LastSetCookie);
        Assert.Equal(0, Store.Count(StoreOperations.All));
    }

    [Fact]
    public async Task Established_and_never_filled_it_is_an_empty_session()
    {
        var node = await StartAsync(Map);
        var browser = node.Browser();
        await browser.GetAsync("/set-and-remove");
        Assert.True(browser.LastSetCookie);
        Assert.Equal("", await browser.GetAsync("/keys"));
        var cookie = browser.Cookie;
        await browser.GetAsync("/set-and-remove");
        Assert.Equal(cookie, browser.Cookie);
        Assert.Equal(1, Sessions.Count);
    }

    private static void Map(IEndpointRouteBuilder endpoints)
    {
        endpoints.MapGet("/clear", (HttpContext context) => context.Session.Clear());
        endpoints.MapGet("/set-and-remove", (HttpContext context) =>
        {
            context.Session.SetString("x", "");
            context.Session.Remove("x");
        });
        endpoints.MapGet("/stream", async (HttpContext context) =>
        {
            context.Session.SetString("x", "");
            context.Session.Remove("x");
            await context.Response.WriteAsync("str");
            await context.Response.Body.FlushAsync();
            context.Session.SetString("late", "1");
            await context.Response.WriteAsync("eamed");
        });
    }
}
