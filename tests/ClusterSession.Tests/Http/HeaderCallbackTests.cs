using ClusterSession.Stores.InMemory;
using ClusterSession.TestKit.Nodes;
using ClusterSession.TestKit.Stores;
using ClusterSession.Tests.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Xunit;

namespace ClusterSession.Tests.Http;

/// <summary>
/// Sessions that are first changed in a callback before the headers, as TempData does: registered
/// before or after ours, on each server, with and without a body.
/// </summary>
public sealed class HeaderCallbackTests : NodeTests
{
    public static TheoryData<ServerKind, string, bool> Cases
    {
        get
        {
            var cases = new TheoryData<ServerKind, string, bool>();
            foreach (var kind in Enum.GetValues<ServerKind>())
            {
                foreach (var path in new[] { "/body", "/flushed", "/204", "/304", "/302", "/empty", "/own" })
                {
                    cases.Add(kind, path, true);
                    cases.Add(kind, path, false);
                }
            }

            return cases;
        }
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public async Task Change_in_a_callback_is_committed_before_the_headers_leave(
        ServerKind kind,
        string path,
        bool isOutside
    )
    {
        var node = await StartWithCallbackAsync(kind, isOutside);
        var browser = node.Browser();
        await browser.GetAsync(path + "?temp=a");
        Assert.True(browser.LastSetCookie);
        Assert.Equal("a", await browser.GetAsync("/get/temp"));
        await browser.GetAsync(path + "?temp=b"); // Now of a session that is there.
        Assert.True(browser.LastSetCookie);
        Assert.Equal("b", await browser.GetAsync("/get/temp"));
        Assert.Equal(0, Logs.Count("CommittedAfterHeaders"));
    }

    [Theory]
    [MemberData(nameof(ServerKinds.All), MemberType = typeof(ServerKinds))]
    public async Task Change_in_a_callback_of_a_HEAD_request_is_committed(ServerKind kind)
    {
        var node = await StartWithCallbackAsync(kind, isOutside: false);
        var browser = node.Browser();
        await browser.HeadAsync("/head?temp=a");
        Assert.Equal("a", await browser.GetAsync("/get/temp"));
    }

    [Theory]
    [MemberData(nameof(ServerKinds.All), MemberType = typeof(ServerKinds))]
    public async Task Change_in_a_callback_while_the_store_is_unreachable_is_a_503_without_location_and_cookies(
        ServerKind kind
    )
    {
        var store = new FaultyStore(new InMemorySessionStore(Sessions));
        var node = await StartWithCallbackAsync(kind, isOutside: false, store);
        store.Failing = StoreOperations.All;
        var browser = node.Browser();
        await browser.GetAsync("/302?temp=a&cookie=1");
        Assert.Equal(503, (int)browser.LastStatus);
        Assert.Equal("not-committed", Assert.Single(browser.Last!.Headers.GetValues("Session-Commit")));
        Assert.Null(browser.Last.Headers.Location);
        Assert.False(browser.LastSetCookie);
        Assert.Equal(0, Sessions.Count);
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public async Task Change_in_a_callback_that_is_not_committed_is_a_503_whatever_the_answer_was(
        ServerKind kind,
        string path,
        bool isOutside
    )
    {
        var store = new FaultyStore(new InMemorySessionStore(Sessions));
        var node = await StartWithCallbackAsync(kind, isOutside, store);
        store.Failing = StoreOperations.All;
        var browser = node.Browser();
        await browser.GetAsync(path + "?temp=a");
        Assert.Equal(503, (int)browser.LastStatus);
        Assert.Equal("not-committed", Assert.Single(browser.Last!.Headers.GetValues("Session-Commit")));
        Assert.True(browser.Last.Headers.CacheControl!.NoStore);
        Assert.False(browser.LastSetCookie);
        store.Failing = StoreOperations.None;
        Assert.Equal(0, Sessions.Count);
    }

    [Theory]
    [MemberData(nameof(ServerKinds.All), MemberType = typeof(ServerKinds))]
    public async Task Response_without_session_is_as_if_there_were_no_callback(ServerKind kind)
    {
        var node = await StartWithCallbackAsync(kind, isOutside: false);
        var browser = node.Browser();
        Assert.Equal("body", await browser.GetAsync("/body"));
        Assert.False(browser.LastSetCookie);
        Assert.Null(browser.Last!.Headers.CacheControl);
        Assert.Equal(0, Sessions.Count);
    }

    [Theory]
    [MemberData(nameof(ServerKinds.Real), MemberType = typeof(ServerKinds))]
    public async Task Session_is_there_until_the_response_has_completed_and_gone_after_it(ServerKind kind)
    {
        HttpContext? kept = null;
        var seen = new TaskCompletionSource<string?>(TaskCreationOptions.RunContinuationsAsynchronously);
        var gone = new TaskCompletionSource<bool>(TaskCreationOptions.RunContinuationsAsynchronously);
        var node = await StartAsync(
            kind: kind,
            before: app =>
                app.Use(
                    (context, next) =>
                    {
                        // Registered before ours, so that it runs after it.
                        context.Response.OnCompleted(() =>
                        {
                            gone.SetResult(
                                context.Features.Get<Microsoft.AspNetCore.Http.Features.ISessionFeature>() is null
                            );
                            return Task.CompletedTask;
                        });
                        return next(context);
                    }
                ),
            after: app =>
                app.Use(
                    (context, next) =>
                    {
                        kept = context;
                        context.Response.OnCompleted(() =>
                        {
                            seen.SetResult(context.Session.GetString("color"));
                            return Task.CompletedTask;
                        });
                        return next(context);
                    }
                )
        );
        await node.Browser().GetAsync("/set/color/red");
        Assert.Equal("red", await seen.Task);
        Assert.True(await gone.Task);
        Assert.NotNull(kept);
    }

    private Task<TestNode> StartWithCallbackAsync(ServerKind kind, bool isOutside, FaultyStore? store = null)
    {
        void Callback(WebApplication app) =>
            app.Use(
                (context, next) =>
                {
                    if (context.Request.Query["temp"].ToString() is { Length: > 0 } temp)
                    {
                        context.Response.OnStarting(() =>
                        {
                            context.Session.SetString("temp", temp);
                            return Task.CompletedTask;
                        });
                    }

                    return next(context);
                }
            );
        return StartAsync(
            Map,
            kind: kind,
            store: store,
            before: isOutside ? Callback : null,
            after: isOutside ? null : Callback
        );
    }

    private static void Map(IEndpointRouteBuilder endpoints)
    {
        endpoints.MapGet("/body", () => "body");
        endpoints.MapGet("/flushed", async (HttpContext context) =>
        {
            await context.Response.WriteAsync("flu");
            await context.Response.Body.FlushAsync();
            await context.Response.WriteAsync("shed");
        });
        endpoints.MapGet("/204", () => Results.NoContent());
        endpoints.MapGet("/304", () => Results.StatusCode(304));
        endpoints.MapGet("/302", (HttpContext context) =>
        {
            if (context.Request.Query.ContainsKey("cookie"))
            {
                context.Response.Cookies.Append("login", "1");
            }

            return Results.Redirect("/elsewhere");
        });
        endpoints.MapGet("/empty", () => { });
        endpoints.MapGet("/own", (HttpContext context) =>
        {
            context.Session.SetString("own", Guid.NewGuid().ToString());
            return "own";
        });
        endpoints.MapMethods("/head", ["HEAD"], () => Results.Ok());
    }
}
