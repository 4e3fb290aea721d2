using ClusterSession.Stores.InMemory;
using ClusterSession.TestKit.Nodes;
using ClusterSession.TestKit.Stores;
using ClusterSession.Tests.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Xunit;

namespace ClusterSession.Tests.Http;

/// <summary>Requests that throw.</summary>
public sealed class ExceptionTests : NodeTests
{
    private FaultyStore? _store;
    private volatile bool _hasLeft;

    [Theory]
    [InlineData(ServerKind.TestServer, "/fail")]
    [InlineData(ServerKind.Kestrel, "/fail")]
    [InlineData(ServerKind.TestServer, "/fail-at-once")]
    [InlineData(ServerKind.Kestrel, "/fail-at-once")]
    public async Task Changes_of_a_request_that_throws_are_kept(ServerKind kind, string path)
    {
        var node = await StartAsync(Map, kind: kind, before: Handler);
        var browser = node.Browser();
        Assert.Equal("InvalidOperationException", await browser.GetAsync(path));
        Assert.Equal(500, (int)browser.LastStatus);
        await browser.GetAsync(path);
        Assert.Equal("2", await browser.GetAsync("/get/failures"));
    }

    [Theory]
    [MemberData(nameof(ServerKinds.All), MemberType = typeof(ServerKinds))]
    public async Task Changes_of_a_request_that_throws_after_its_headers_left_are_kept(ServerKind kind)
    {
        var node = await StartAsync(Map, kind: kind, before: Swallow);
        var browser = node.Browser();
        await browser.GetAsync("/set/color/red");
        await browser.GetAsync("/fail-late");
        Assert.Equal("1", await browser.GetAsync("/get/failures"));
        Assert.Equal(1, Logs.Count("CommittedAfterHeaders"));
    }

    [Theory]
    [MemberData(nameof(ServerKinds.All), MemberType = typeof(ServerKinds))]
    public async Task Commit_that_fails_while_an_exception_passes_does_not_replace_it(ServerKind kind)
    {
        var store = new FaultyStore(new InMemorySessionStore(Sessions));
        var node = await StartAsync(Map, kind: kind, store: store, before: Handler);
        var browser = node.Browser();
        store.Failing = StoreOperations.All;
        Assert.Equal("InvalidOperationException", await browser.GetAsync("/fail"));
        Assert.Equal(500, (int)browser.LastStatus);
        Assert.Equal("not-committed", Assert.Single(browser.Last!.Headers.GetValues("Session-Commit")));
        Assert.False(browser.LastSetCookie);
        Assert.Contains("Session-Commit", Assert.Single(Logs.All, log => log.Event.Name == "CommitFailed").Text);
    }

    [Fact]
    public async Task Request_whose_client_left_keeps_its_changes_while_the_key_ring_is_being_read()
    {
        var store = new GatedStore(new InMemorySessionStore(Sessions)) { Holding = StoreOperations.ReadDocument };
        var node = await StartAsync(Map, store: store);
        var browser = node.Browser();
        var leaving = browser.GetAsync("/leave");
        await Condition.HoldsAsync(() => _hasLeft, "the endpoint has run");
        store.Open();
        Assert.Equal("left", await leaving);
        Assert.Equal("1", await browser.GetAsync("/get/left"));
    }

    [Theory]
    [InlineData("/rotate-badly")]
    [InlineData("/destroy-badly")]
    public async Task Nothing_is_kept_after_a_rotation_or_an_end_that_failed_and_threw(string path)
    {
        var (node, store, browser) = await StartWithoutJournalAsync();
        store.Failing = StoreOperations.Merge | StoreOperations.Destroy;
        Assert.Equal("InvalidOperationException", await browser.GetAsync(path));
        store.Failing = StoreOperations.None;
        Assert.Equal("color", await browser.GetAsync("/keys", node));
    }

    [Theory]
    [InlineData("/rotate-badly?caught=1")]
    [InlineData("/destroy-badly?caught=1")]
    public async Task Nothing_is_kept_after_a_rotation_or_an_end_that_failed_and_the_client_learns_it(string path)
    {
        var (node, store, browser) = await StartWithoutJournalAsync();
        store.Failing = StoreOperations.Merge | StoreOperations.Destroy;
        await browser.GetAsync(path);
        Assert.Equal(503, (int)browser.LastStatus);
        Assert.Equal("not-committed", Assert.Single(browser.Last!.Headers.GetValues("Session-Commit")));
        store.Failing = StoreOperations.None;
        Assert.Equal("color", await browser.GetAsync("/keys", node));
    }

    [Theory]
    [InlineData("/commit-twice")]
    [InlineData("/commit-twice?await=1")]
    [InlineData("/commit-twice?throw=1")]
    public async Task Request_that_had_committed_before_a_commit_that_failed_may_not_be_repeated(string path)
    {
        var (_, store, browser) = await StartWithoutJournalAsync(endpoints =>
            endpoints.MapGet("/commit-twice", async (HttpContext context) =>
            {
                context.Session.SetString("order", "1");
                await context.Session.CommitAsync();
                _store!.Failing = StoreOperations.Commit;
                context.Session.SetString("thanks", "1");
                if (context.Request.Query.ContainsKey("await"))
                {
                    await context.Session.CommitAsync();
                }

                if (context.Request.Query.ContainsKey("throw"))
                {
                    throw new InvalidOperationException("The endpoint's own.");
                }
            })
        );
        _store = store;
        await browser.GetAsync(path);
        Assert.Equal("unknown", Assert.Single(browser.Last!.Headers.GetValues("Session-Commit")));
        Assert.True(browser.LastSetCookie, "the client must learn of what was committed");
        store.Failing = StoreOperations.None;
        Assert.Equal("color,order", await browser.GetAsync("/keys"));
    }

    private async Task<(TestNode Node, FaultyStore Store, TestBrowser Browser)> StartWithoutJournalAsync(
        Action<IEndpointRouteBuilder>? endpoints = null
    )
    {
        var store = new FaultyStore(new InMemorySessionStore(Sessions));
        var node = await StartAsync(endpoints ?? Map, store: store, before: Handler, options: options =>
            options.Outage.JournalSessions = 0
        );
        var browser = node.Browser();
        await browser.GetAsync("/set/color/red");
        return (node, store, browser);
    }

    private void Map(IEndpointRouteBuilder endpoints)
    {
        endpoints.MapGet("/leave", (HttpContext context) =>
        {
            context.Session.SetString("left", "1");
            context.RequestAborted = new CancellationToken(canceled: true);
            _hasLeft = true;
            return "left";
        });
        endpoints.MapGet("/fail", async Task<string> (HttpContext context) =>
        {
            Fail(context);
            await Task.Yield();
            throw new InvalidOperationException("The endpoint's own.");
        });
        endpoints.Map(
            "/fail-at-once",
            (RequestDelegate)(
                context =>
                {
                    Fail(context);
                    throw new InvalidOperationException("The endpoint's own.");
                }
            )
        );
        endpoints.MapGet("/fail-late", async (HttpContext context) =>
        {
            await context.Response.WriteAsync("begun");
            await context.Response.Body.FlushAsync();
            Fail(context);
            throw new InvalidOperationException("The endpoint's own.");
        });
        endpoints.MapGet(
            "/rotate-badly",
            (Delegate)((HttpContext context) => ChangeAsync(context, session => session.RotateIdAsync()))
        );
        endpoints.MapGet(
            "/destroy-badly",
            (Delegate)((HttpContext context) => ChangeAsync(context, session => session.DestroyAsync()))
        );
    }

    private static void Fail(HttpContext context) =>
        context.Session.SetString(
            "failures",
            (int.Parse(context.Session.GetString("failures") ?? "0", null) + 1).ToString()
        );

    private static async Task<string> ChangeAsync(HttpContext context, Func<IClusterSession, Task> change)
    {
        var session = context.GetClusterSession();
        session.SetString("user", "anna");
        try
        {
            await change(session);
        }
        catch (SessionUnavailableException) when (context.Request.Query.ContainsKey("caught"))
        {
            session.SetString("again", "anna");
            return "caught";
        }
        catch (SessionUnavailableException failure)
        {
            throw new InvalidOperationException("The endpoint's own.", failure);
        }

        return "changed";
    }

    private static void Handler(WebApplication app) =>
        app.Use(
            async (context, next) =>
            {
                try
                {
                    await next(context);
                }
                catch (Exception failure) when (!context.Response.HasStarted)
                {
                    context.Response.Clear();
                    context.Response.StatusCode = 500;
                    await context.Response.WriteAsync(failure.GetType().Name);
                }
            }
        );

    private static void Swallow(WebApplication app) =>
        app.Use(
            async (context, next) =>
            {
                try
                {
                    await next(context);
                }
                catch (InvalidOperationException)
                {
                    // The response is on its way.
                }
            }
        );
}
