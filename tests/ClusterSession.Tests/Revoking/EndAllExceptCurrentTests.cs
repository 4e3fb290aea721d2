using ClusterSession.Stores.InMemory;
using ClusterSession.TestKit.Nodes;
using ClusterSession.TestKit.Servers;
using ClusterSession.TestKit.Stores;
using ClusterSession.Tests.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Xunit;

namespace ClusterSession.Tests.Revoking;

/// <summary>Logging somebody out of every device but the one that asks.</summary>
public sealed class EndAllExceptCurrentTests : NodeTests
{
    [Fact]
    public async Task Session_of_the_request_stays_on_every_node_and_all_others_of_its_user_end()
    {
        var (a, b) = (await StartAsync(Map, before: Login.ByQuery), await StartAsync(Map, before: Login.ByQuery));
        var (mine, other, bobs) = (
            await HotAsync("alice", a, b),
            await HotAsync("alice", b, a),
            await HotAsync("bob", a, b)
        );
        Assert.Equal("2 of 2", await mine.GetAsync("/others?as=alice", a));
        foreach (var node in new[] { b, a })
        {
            Assert.Equal("", await other.Copy().GetAsync("/get/color", node));
            Assert.Equal("red", await mine.GetAsync("/get/color?as=alice", node));
            Assert.Equal("red", await bobs.GetAsync("/get/color?as=bob", node));
        }
    }

    [Fact]
    public async Task Session_that_stayed_ends_with_the_next_end()
    {
        var (a, b) = (await StartAsync(Map, before: Login.ByQuery), await StartAsync(Map, before: Login.ByQuery));
        var mine = await HotAsync("alice", a, b);
        await mine.GetAsync("/others?as=alice", a);
        await b.EndAllAsync("alice");
        Assert.Equal("", await mine.Copy().GetAsync("/get/color", a));
        Assert.Equal("", await mine.Copy().GetAsync("/get/color", b));
    }

    [Fact]
    public async Task Another_request_of_the_same_browser_never_finds_the_session_ended_meanwhile()
    {
        var gated = new GatedStore(new InMemorySessionStore(Sessions));
        var (a, b) = (
            await StartAsync(Map, before: Login.ByQuery, store: gated),
            await StartAsync(before: Login.ByQuery)
        );
        var mine = await HotAsync("alice", a, b);
        gated.Holding = StoreOperations.Commit | StoreOperations.MergeDocument;
        var ending = mine.Copy().GetAsync("/others?as=alice", a);
        await Condition.HoldsAsync(() => gated.Held == 1, "the session is being recorded anew");
        Assert.Equal("red", await mine.Copy().GetAsync("/get/color", a));
        gated.ReleaseOne();
        await Condition.HoldsAsync(() => gated.Held == 1, "the end is being sent");
        Assert.Equal("red", await mine.Copy().GetAsync("/get/color", a));
        Assert.Equal("red", await mine.Copy().GetAsync("/get/color", b));
        gated.Open();
        Assert.Equal("2 of 2", await ending);
        Assert.Equal("red", await mine.Copy().GetAsync("/get/color", b));
    }

    [Fact]
    public async Task What_is_begun_in_the_request_after_the_end_counts_as_after_it()
    {
        var (a, b) = (await StartAsync(Map), await StartAsync());
        var browser = a.Browser();
        await browser.GetAsync("/reset");
        Assert.Equal("red", await browser.GetAsync("/get/color", b));
        Assert.Equal("red", await browser.GetAsync("/get/color", a));
    }

    [Fact]
    public async Task Nothing_has_ended_where_the_session_that_stays_cannot_be_stored()
    {
        var faulty = new FaultyStore(new InMemorySessionStore(Sessions));
        var (a, b) = (
            await StartAsync(Map, before: Login.ByQuery, store: faulty, options: static options =>
                options.Outage.JournalSessions = 0
            ),
            await StartAsync(before: Login.ByQuery)
        );
        var (mine, other) = (await HotAsync("alice", a, b), await HotAsync("alice", a, b));
        faulty.Failing = StoreOperations.Commit;
        Assert.Equal("failed", await mine.Copy().GetAsync("/others?as=alice", a));
        faulty.Failing = StoreOperations.None;
        Assert.Equal("red", await mine.GetAsync("/get/color", b));
        Assert.Equal("red", await other.GetAsync("/get/color", a));
    }

    private static void Map(IEndpointRouteBuilder endpoints)
    {
        endpoints.MapGet("/others", async (HttpContext context, ISessionManager sessions) =>
        {
            try
            {
                var (nodes, heard) = await sessions.EndAllAsync("alice", exceptCurrent: context);
                return $"{heard} of {nodes}";
            }
            catch (SessionUnavailableException)
            {
                return "failed";
            }
        });
        endpoints.MapGet("/reset", async (HttpContext context, ISessionManager sessions) =>
        {
            await sessions.EndAllAsync("alice", exceptCurrent: context);
            context.User = Login.As("alice");
            context.Session.SetString("color", "red");
        });
    }

    private static async Task<TestBrowser> HotAsync(string name, TestNode first, TestNode second)
    {
        var browser = first.Browser();
        await browser.GetAsync("/set/color/red?as=" + name);
        Assert.Equal("red", await browser.GetAsync("/get/color?as=" + name, second));
        Assert.Equal("red", await browser.GetAsync("/get/color?as=" + name, first));
        return browser;
    }
}
