using ClusterSession.Http.Cookies;
using ClusterSession.KeyRing;
using ClusterSession.Records;
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

/// <summary>
/// A slow response arrives after faster ones have begun, changed, rotated or ended the session:
/// what it sets must not take that back. The slow request runs on one node, the fast ones on the
/// same or on another.
/// </summary>
public sealed class SlowResponseTests : NodeTests
{
    private readonly TaskCompletionSource _entered = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _mayLeave = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public static TheoryData<ServerKind, bool, string> Cases
    {
        get
        {
            var cases = new TheoryData<ServerKind, bool, string>();
            foreach (var kind in new[] { ServerKind.TestServer, ServerKind.Kestrel })
            {
                foreach (var path in new[] { "/slow", "/slow?commit=1" })
                {
                    cases.Add(kind, false, path);
                    cases.Add(kind, true, path);
                }
            }

            return cases;
        }
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public async Task Slow_response_does_not_bring_back_the_id_before_a_rotation(
        ServerKind kind,
        bool isOnAnother,
        string path
    )
    {
        var (slow, fast, browser, late) = await BeginAsync(kind, isOnAnother);
        var answering = late.GetAsync(path, slow);
        await _entered.Task;
        await browser.GetAsync("/rotate", fast);
        await ArriveAsync(answering, late, browser);
        Assert.Equal("red", await browser.GetAsync("/get/color", fast));
        Assert.Equal("red", await browser.GetAsync("/get/color", slow));
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public async Task Slow_response_does_not_bring_back_a_session_that_was_destroyed(
        ServerKind kind,
        bool isOnAnother,
        string path
    )
    {
        var (slow, fast, browser, late) = await BeginAsync(kind, isOnAnother);
        var answering = late.GetAsync(path, slow);
        await _entered.Task;
        await browser.GetAsync("/destroy", fast);
        Assert.Null(browser.Cookie);
        await browser.GetAsync("/set/color/new", fast);
        await ArriveAsync(answering, late, browser);
        Assert.Equal("new", await browser.GetAsync("/get/color", slow));
    }

    [Theory]
    [InlineData(ServerKind.TestServer, false)]
    [InlineData(ServerKind.TestServer, true)]
    [InlineData(ServerKind.Kestrel, false)]
    [InlineData(ServerKind.Kestrel, true)]
    public async Task Slow_response_to_an_expired_cookie_does_not_delete_that_of_a_new_login(
        ServerKind kind,
        bool isOnAnother
    )
    {
        var (slow, fast, browser, late) = await BeginAsync(kind, isOnAnother);
        Time.Advance(TimeSpan.FromHours(2));
        var answering = late.GetAsync("/slow", slow);
        await Time.DriveAsync(_entered.Task);
        await Time.DriveAsync(browser.GetAsync("/set/color/new", fast));
        await ArriveAsync(answering, late, browser);
        Assert.Equal("new", await browser.GetAsync("/get/color", slow));
    }

    [Theory]
    [InlineData(false, 0)]
    [InlineData(true, 0)]
    [InlineData(false, 5)]
    [InlineData(true, 5)]
    public async Task Slow_response_names_no_older_version_than_is_known_where_it_leaves(bool isOnAnother, int seconds)
    {
        var (slow, fast, browser, late) = await BeginAsync(ServerKind.TestServer, isOnAnother);
        var answering = late.GetAsync("/slow", slow);
        await _entered.Task;
        await browser.GetAsync("/set/color/blue", fast);
        var newest = SeenBy(browser, fast);
        Time.Advance(TimeSpan.FromSeconds(seconds));
        await ArriveAsync(answering, late, browser);
        Assert.True(SeenBy(browser, fast) >= newest);
    }

    [Theory]
    [InlineData(false, 0)]
    [InlineData(true, 0)]
    [InlineData(false, 5)]
    [InlineData(true, 5)]
    public async Task Slow_response_after_a_commit_of_its_own_names_the_newest_version(bool isOnAnother, int seconds)
    {
        var (slow, fast, browser, late) = await BeginAsync(ServerKind.TestServer, isOnAnother);
        var answering = late.GetAsync("/slow?commit=1", slow);
        await _entered.Task;
        await browser.GetAsync("/set/color/blue", fast);
        var newest = SeenBy(browser, fast);
        Time.Advance(TimeSpan.FromSeconds(seconds));
        await ArriveAsync(answering, late, browser);
        Assert.True(late.LastSetCookie);
        Assert.True(SeenBy(browser, fast) >= newest);
    }

    [Theory]
    [InlineData("/slow?commit=1", 0)]
    [InlineData("/slow?commit=1", 5)]
    [InlineData("/slow", 5)]
    public async Task Response_names_no_version_that_its_node_cannot_serve_once_the_store_is_unreachable(
        string path,
        int seconds
    )
    {
        var store = new FaultyStore(new InMemorySessionStore(Sessions));
        var slow = await StartAsync(Map, store: store);
        var fast = await StartAsync(Map);
        var browser = slow.Browser();
        await browser.GetAsync("/set/first/1");
        var late = browser.Copy();
        await browser.GetAsync("/set/color/red");
        var answering = late.GetAsync(path, slow);
        await _entered.Task;
        await browser.GetAsync("/set/color/blue", fast);
        Time.Advance(TimeSpan.FromSeconds(seconds));
        await ArriveAsync(answering, late, browser);
        store.Failing = StoreOperations.All;
        Assert.Equal("blue", await Time.DriveAsync(browser.GetAsync("/get/color", slow)));
    }

    [Theory]
    [InlineData("/slow", "/rotate")]
    [InlineData("/slow?commit=1", "/rotate")]
    [InlineData("/slow", "/destroy")]
    [InlineData("/slow?commit=1", "/destroy")]
    public async Task Node_that_no_invalidation_reaches_asks_the_store_before_a_slow_response_names_a_session(
        string path,
        string change
    )
    {
        var slow = await StartAsync(Map, store: new DeafStore(new InMemorySessionStore(Sessions)));
        var fast = await StartAsync(Map);
        var browser = slow.Browser();
        await browser.GetAsync("/set/first/1");
        var late = browser.Copy();
        await browser.GetAsync("/set/color/red");
        var answering = late.GetAsync(path, slow);
        await _entered.Task;
        await browser.GetAsync(change, fast);
        await browser.GetAsync("/set/color/blue", fast);
        Time.Advance(TimeSpan.FromSeconds(5));
        await ArriveAsync(answering, late, browser);
        Assert.False(late.LastSetCookie);
        Assert.Equal("blue", await browser.GetAsync("/get/color", fast));
    }

    [Fact]
    public async Task Commit_just_before_the_headers_asks_the_store_nothing_more()
    {
        var node = await StartAsync();
        var browser = node.Browser();
        await browser.GetAsync("/set/color/red");
        Store.Reset();
        await browser.GetAsync("/set/color/blue");
        Assert.Equal(1, Store.Count(ClusterSession.TestKit.Stores.StoreOperations.Sessions));
    }

    /// <summary>
    /// A session whose second browser tab, the late one, knows less than any node would show it.
    /// </summary>
    private async Task<(TestNode Slow, TestNode Fast, TestBrowser Browser, TestBrowser Late)> BeginAsync(
        ServerKind kind,
        bool isOnAnother
    )
    {
        var slow = await StartAsync(Map, kind: kind);
        var fast = isOnAnother ? await StartAsync(Map, kind: kind) : slow;
        var browser = slow.Browser();
        await browser.GetAsync("/set/first/1");
        var late = browser.Copy();
        await browser.GetAsync("/set/color/red");
        return (slow, fast, browser, late);
    }

    /// <summary>
    /// The late response arrives: its cookie takes the place of the one that the browser has.
    /// </summary>
    private async Task ArriveAsync(Task<string> answering, TestBrowser late, TestBrowser browser)
    {
        _mayLeave.SetResult();
        await Time.DriveAsync(answering);
        if (late.LastCookie is { } cookie)
        {
            browser.Cookie = cookie.Value.Length == 0 ? null : cookie.Value.ToString();
        }
    }

    private static SessionVersion SeenBy(TestBrowser browser, TestNode node) =>
        SessionCookie.Read(browser.Cookie, node.Services.GetRequiredService<KeyRingSource>().Current!).Seen;

    private void Map(IEndpointRouteBuilder endpoints) => endpoints.MapGet("/slow", async (HttpContext context) =>
        {
            var color = context.Session.GetString("color");
            if (context.Request.Query.ContainsKey("commit"))
            {
                context.Session.SetString("slow", "1");
                await context.Session.CommitAsync();
            }

            _entered.SetResult();
            await _mayLeave.Task;
            return color ?? "";
        });
}
