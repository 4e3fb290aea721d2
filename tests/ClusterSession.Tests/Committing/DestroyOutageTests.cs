using ClusterSession.Stores;
using ClusterSession.Stores.InMemory;
using ClusterSession.TestKit.Nodes;
using ClusterSession.TestKit.Stores;
using ClusterSession.Tests.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Xunit;

namespace ClusterSession.Tests.Committing;

/// <summary>A session that is destroyed at a node which cannot reach the store.</summary>
public sealed class DestroyOutageTests : NodeTests
{
    private readonly FaultyStore _store;

    public DestroyOutageTests() => _store = new FaultyStore(new InMemorySessionStore(Sessions));

    [Theory]
    [MemberData(nameof(ServerKinds.Real), MemberType = typeof(ServerKinds))]
    public async Task Logout_that_only_a_cut_off_node_knows_is_not_answered_as_done(ServerKind kind)
    {
        var (a, b) = (await StartAsync(Map, store: _store, kind: kind), await StartAsync(kind: kind));
        var browser = a.Browser();
        await browser.GetAsync("/set/color/red");
        var other = browser.Copy();
        _store.Failing = StoreOperations.All;

        await browser.GetAsync("/destroy");
        Assert.Equal(503, (int)browser.LastStatus);
        Assert.Equal("unknown", Assert.Single(browser.Last!.Headers.GetValues("Session-Commit")));
        Assert.True(browser.LastSetCookie, "the cookie goes all the same");
        Assert.Null(browser.Cookie);
        Assert.Equal("", await other.GetAsync("/get/color")); // This node refuses the session from now on.

        _store.Failing = StoreOperations.None;
        await HoldsInTimeAsync(
            async () => await other.Copy().GetAsync("/get/color", b) == "",
            "the end reaches the store"
        );
    }

    [Fact]
    public async Task Application_may_get_the_pending_end_as_a_value_instead()
    {
        var node = await StartAsync(Map, store: _store);
        var browser = node.Browser();
        await browser.GetAsync("/set/color/red");
        _store.Failing = StoreOperations.All;
        Assert.Equal("Pending", await browser.GetAsync("/try-destroy"));
        Assert.Equal(200, (int)browser.LastStatus);
        Assert.Null(browser.Cookie);
        _store.Failing = StoreOperations.None;
        await browser.GetAsync("/set/color/blue");
        Assert.Equal("Destroyed", await browser.GetAsync("/try-destroy"));
    }

    [Fact]
    public async Task Manager_that_ends_a_session_says_so_too()
    {
        var node = await StartAsync(Map, store: _store);
        var browser = node.Browser();
        await browser.GetAsync("/set/color/red");
        var id = await browser.GetAsync("/id");
        var manager = node.Services.GetRequiredService<ISessionManager>();
        _store.Failing = StoreOperations.All;
        var failure = await Assert.ThrowsAsync<SessionUnavailableException>(() => manager.EndAsync(id));
        Assert.Equal(StoreFailure.Unknown, failure.Failure);
        Assert.Equal("", await browser.GetAsync("/get/color"));
    }

    private static void Map(IEndpointRouteBuilder endpoints)
    {
        endpoints.MapGet("/id", (HttpContext context) => context.Session.Id);
        endpoints.MapGet(
            "/try-destroy",
            (Delegate)(async (HttpContext context) => (await context.GetClusterSession().TryDestroyAsync()).ToString())
        );
    }
}
