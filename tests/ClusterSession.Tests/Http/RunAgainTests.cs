using ClusterSession.Stores.InMemory;
using ClusterSession.TestKit.Nodes;
using ClusterSession.TestKit.Stores;
using ClusterSession.Tests.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Xunit;

namespace ClusterSession.Tests.Http;

/// <summary>Pipelines that run again for an error page, with the sessions inside.</summary>
public sealed class RunAgainTests : NodeTests
{
    [Theory]
    [MemberData(nameof(ServerKinds.Real), MemberType = typeof(ServerKinds))]
    public async Task Error_page_and_failed_endpoint_use_one_session(ServerKind kind)
    {
        var node = await StartAsync(Map, kind: kind, before: app => app.UseExceptionHandler("/error"));
        var browser = node.Browser();
        Assert.Equal("error after failed", await browser.GetAsync("/fail"));
        Assert.Equal(500, (int)browser.LastStatus);
        Assert.Equal("error,first", await browser.GetAsync("/keys"));
        var id = browser.Id;
        await browser.GetAsync("/fail");
        Assert.Equal(id, browser.Id);
        Assert.Equal(1, Sessions.Count);
    }

    [Theory]
    [MemberData(nameof(ServerKinds.Real), MemberType = typeof(ServerKinds))]
    public async Task Status_page_of_an_endpoint_without_session_has_one(ServerKind kind)
    {
        var node = await StartAsync(Map, kind: kind, before: app => app.UseStatusCodePagesWithReExecute("/error"));
        var browser = node.Browser();
        Assert.Equal("error after ", await browser.GetAsync("/none"));
        Assert.Equal(404, (int)browser.LastStatus);
        Assert.Equal("error", await browser.GetAsync("/keys"));
    }

    [Theory]
    [MemberData(nameof(ServerKinds.Real), MemberType = typeof(ServerKinds))]
    public async Task Status_page_of_a_ReadOnly_endpoint_may_change_the_session(ServerKind kind)
    {
        var node = await StartAsync(Map, kind: kind, before: app => app.UseStatusCodePagesWithReExecute("/error"));
        var browser = node.Browser();
        await browser.GetAsync("/set/color/red");
        await browser.GetAsync("/read-only");
        Assert.Equal(404, (int)browser.LastStatus);
        Assert.Equal("color,error", await browser.GetAsync("/keys"));
    }

    [Theory]
    [MemberData(nameof(ServerKinds.Real), MemberType = typeof(ServerKinds))]
    public async Task Error_page_has_the_new_id_after_a_rotation(ServerKind kind)
    {
        var node = await StartAsync(Map, kind: kind, before: app => app.UseExceptionHandler("/error"));
        var browser = node.Browser();
        await browser.GetAsync("/set/color/red");
        var id = browser.Id;
        await browser.GetAsync("/rotate-and-fail");
        Assert.NotEqual(id, browser.Id);
        Assert.Equal("color,error", await browser.GetAsync("/keys"));
    }

    [Theory]
    [MemberData(nameof(ServerKinds.Real), MemberType = typeof(ServerKinds))]
    public async Task Error_page_after_our_503_gets_an_empty_session_and_asks_no_store(ServerKind kind)
    {
        var inner = new CountingStore(new InMemorySessionStore(Sessions));
        var store = new FaultyStore(inner);
        var node = await StartAsync(Map, kind: kind, store: store, before: app => app.UseStatusCodePagesWithReExecute("/error"));
        var other = await StartAsync();
        var browser = other.Browser();
        await browser.GetAsync("/set/color/red");
        store.Failing = StoreOperations.All;
        inner.Reset();
        Assert.Equal("error after ", await browser.GetAsync("/get/color", node));
        Assert.Equal(503, (int)browser.LastStatus);
        Assert.True(browser.Last!.Headers.Contains("Retry-After"));
        Assert.Equal("not-committed", Assert.Single(browser.Last.Headers.GetValues("Session-Commit")));
        Assert.Equal(1, Logs.Count("OpenFailed"));
        Assert.False(browser.LastSetCookie);
        Assert.Equal("red", await browser.GetAsync("/get/color", other));
    }

    [Theory]
    [MemberData(nameof(ServerKinds.Real), MemberType = typeof(ServerKinds))]
    public async Task Status_pages_fill_the_body_of_our_503(ServerKind kind)
    {
        var store = new FaultyStore(new InMemorySessionStore(Sessions));
        var node = await StartAsync(Map, kind: kind, store: store, before: app => app.UseStatusCodePages("text/plain", "sorry {0}"));
        store.Failing = StoreOperations.All;
        var browser = node.Browser();
        Assert.Equal("sorry 503", await browser.GetAsync("/set/color/red")); // The commit failed.
        var other = await StartAsync();
        await browser.GetAsync("/set/color/red", other);
        Assert.Equal("sorry 503", await browser.GetAsync("/get/color")); // The open failed.
    }

    [Theory]
    [MemberData(nameof(ServerKinds.Real), MemberType = typeof(ServerKinds))]
    public async Task Sessions_used_twice_in_one_pipeline_are_one(ServerKind kind)
    {
        var node = await StartAsync(Map, kind: kind, after: app => app.UseClusterSession());
        var browser = node.Browser();
        await browser.GetAsync("/set/color/red");
        Store.Reset();
        Assert.Equal("blue", await browser.GetAsync("/set/color/blue"));
        Assert.Equal(1, Store.Count(StoreOperations.Sessions));
        Assert.Equal("blue", await browser.GetAsync("/get/color"));
    }

    private static void Map(IEndpointRouteBuilder endpoints)
    {
        endpoints.MapGet("/fail", string (HttpContext context) =>
        {
            context.Session.SetString("first", "failed");
            throw new InvalidOperationException("The endpoint's own.");
        });
        endpoints.MapGet("/rotate-and-fail", async Task<string> (HttpContext context) =>
        {
            await context.GetClusterSession().RotateIdAsync();
            throw new InvalidOperationException("The endpoint's own.");
        });
        endpoints.MapGet("/none", () => Results.NotFound()).WithSessionAccess(SessionConcurrency.None);
        endpoints.MapGet("/read-only", () => Results.NotFound()).WithSessionAccess(SessionConcurrency.ReadOnly);
        endpoints.Map("/error", (HttpContext context) =>
        {
            var first = context.Session.GetString("first");
            context.Session.SetString("error", "1");
            return "error after " + first;
        });
    }
}
