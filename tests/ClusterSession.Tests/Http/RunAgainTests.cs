using System.Text.Json;
using ClusterSession.Stores.InMemory;
using ClusterSession.TestKit.Nodes;
using ClusterSession.TestKit.Stores;
using ClusterSession.Tests.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Xunit;

namespace ClusterSession.Tests.Http;

/// <summary>Pipelines that run again for an error page, with the sessions inside.</summary>
public sealed class RunAgainTests : NodeTests
{
    [Theory]
    [MemberData(nameof(ServerKinds.All), MemberType = typeof(ServerKinds))]
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
    [MemberData(nameof(ServerKinds.All), MemberType = typeof(ServerKinds))]
    public async Task Status_page_of_an_endpoint_without_session_has_one(ServerKind kind)
    {
        var node = await StartAsync(Map, kind: kind, before: app => app.UseStatusCodePagesWithReExecute("/error"));
        var browser = node.Browser();
        Assert.Equal("error after ", await browser.GetAsync("/none"));
        Assert.Equal(404, (int)browser.LastStatus);
        Assert.Equal("error", await browser.GetAsync("/keys"));
    }

    [Theory]
    [MemberData(nameof(ServerKinds.All), MemberType = typeof(ServerKinds))]
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
    [MemberData(nameof(ServerKinds.All), MemberType = typeof(ServerKinds))]
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
    [MemberData(nameof(ServerKinds.All), MemberType = typeof(ServerKinds))]
    public async Task Error_page_after_our_503_gets_an_empty_session_and_asks_no_store(ServerKind kind)
    {
        var store = new FaultyStore(new InMemorySessionStore(Sessions));
        var asked = new CountingStore(store);
        var node = await StartAsync(Map, kind: kind, store: asked, before: app =>
            app.UseStatusCodePagesWithReExecute("/error")
        );
        var other = await StartAsync();
        var browser = other.Browser();
        await browser.GetAsync("/set/color/red");
        store.Failing = StoreOperations.All;
        asked.Reset();
        Assert.Equal("error after ", await browser.GetAsync("/get/color", node));
        Assert.Equal(1, asked.Count(StoreOperations.Read));
        Assert.Equal(0, asked.Count(StoreOperations.Commit | StoreOperations.Merge));
        Assert.Equal(503, (int)browser.LastStatus);
        Assert.True(browser.Last!.Headers.Contains("Retry-After"));
        Assert.Equal("not-committed", Assert.Single(browser.Last.Headers.GetValues("Session-Commit")));
        Assert.Equal(1, Logs.Count("OpenFailed"));
        Assert.False(browser.LastSetCookie);
        Assert.Equal("red", await browser.GetAsync("/get/color", other));
    }

    [Theory]
    [MemberData(nameof(ServerKinds.All), MemberType = typeof(ServerKinds))]
    public async Task Status_pages_fill_the_body_of_our_503(ServerKind kind)
    {
        var store = new FaultyStore(new InMemorySessionStore(Sessions));
        var node = await StartAsync(Map, kind: kind, store: store, before: app =>
            app.UseStatusCodePages("text/plain", "sorry {0}")
        );
        store.Failing = StoreOperations.All;
        var browser = node.Browser();
        Assert.Equal("sorry 503", await browser.GetAsync("/set/color/red")); // The commit failed.
        var other = await StartAsync();
        await browser.GetAsync("/set/color/red", other);
        Assert.Equal("sorry 503", await browser.GetAsync("/get/color")); // The open failed.
    }

    [Theory]
    [MemberData(nameof(ServerKinds.All), MemberType = typeof(ServerKinds))]
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

    [Theory]
    [MemberData(nameof(ServerKinds.All), MemberType = typeof(ServerKinds))]
    public async Task Problem_details_fill_the_body_of_our_503(ServerKind kind)
    {
        var store = new FaultyStore(new InMemorySessionStore(Sessions));
        var node = await StartAsync(endpoints => endpoints.MapGet("/commit", async (HttpContext context) =>
                {
                    context.Session.SetString("color", "red");
                    await context.Session.CommitAsync();
                }), kind: kind, store: store, services: services => services.AddProblemDetails(), before: app => app.UseExceptionHandler().UseStatusCodePages());
        store.Failing = StoreOperations.All;
        foreach (var path in new[] { "/set/color/red", "/commit" })
        {
            var browser = node.Browser();
            using var problem = JsonDocument.Parse(await browser.GetAsync(path));
            Assert.Equal(503, problem.RootElement.GetProperty("status").GetInt32());
            Assert.Equal("application/problem+json", browser.Last!.Content.Headers.ContentType!.MediaType);
            Assert.Equal(503, (int)browser.LastStatus);
            Assert.True(browser.Last.Headers.Contains("Retry-After"));
        }
    }

    [Theory]
    [InlineData("rotate", "color,error", true)]
    [InlineData("destroy", "error", true)]
    [InlineData("begin", "begun,error", false)]
    public async Task Error_page_has_the_same_object_as_the_endpoint_that_failed(string what, string keys, bool isOther)
    {
        ISession? first = null;
        var node = await StartAsync(
            endpoints =>
            {
                endpoints.MapGet("/first", async Task<string> (HttpContext context) =>
                {
                    first = context.Session;
                    context.Session.SetString(what == "begin" ? "begun" : "color", "red");
                    await context.Session.CommitAsync();
                    await (
                        what switch
                        {
                            "rotate" => context.GetClusterSession().RotateIdAsync(),
                            "destroy" => context.GetClusterSession().DestroyAsync(),
                            _ => Task.CompletedTask,
                        }
                    );
                    throw new FormatException();
                });
                endpoints.Map("/same", (HttpContext context) =>
                {
                    context.Session.SetString("error", "1");
                    return ReferenceEquals(first, context.Session) ? "same" : "other";
                });
            },
            before: app => app.UseExceptionHandler("/same")
        );
        var browser = node.Browser();
        await browser.GetAsync(what == "begin" ? "/untouched" : "/set/color/blue");
        var before = browser.Copy();
        Assert.Equal("same", await browser.GetAsync("/first"));
        Assert.Equal(keys, await browser.GetAsync("/keys"));
        Assert.NotEqual(before.Cookie, browser.Cookie);
        if (isOther)
        {
            Assert.NotEqual(before.Id, browser.Id);
            Assert.Equal("", await before.GetAsync("/keys"));
        }
    }

    [Fact]
    public async Task Error_page_uses_the_session_as_its_own_endpoint_says()
    {
        var node = await StartAsync(
            endpoints =>
            {
                endpoints
                    .MapGet("/poll", () => Results.NotFound())
                    .WithSessionAccess(SessionConcurrency.ReadOnly, prolongs: false);
                endpoints
                    .Map("/used", (HttpContext context) => context.GetClusterSession().Durability.ToString())
                    .WithSessionAccess(SessionConcurrency.Merge, SessionDurability.Local);
            },
            before: app => app.UseStatusCodePagesWithReExecute("/used")
        );
        var browser = node.Browser();
        await browser.GetAsync("/set/color/red");
        for (var minutes = 0; minutes < 60; minutes += 15)
        {
            Time.Advance(TimeSpan.FromMinutes(15));
            Assert.Equal("Local", await browser.GetAsync("/poll")); // The poll prolongs nothing, its error page does.
            Assert.Equal(404, (int)browser.LastStatus);
        }

        Assert.Equal("red", await browser.GetAsync("/get/color"));
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
