using ClusterSession.Stores.InMemory;
using ClusterSession.TestKit.Nodes;
using ClusterSession.TestKit.Stores;
using ClusterSession.Tests.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Xunit;

namespace ClusterSession.Tests.Committing;

public sealed class CommitFailureTests : NodeTests
{
    private readonly FaultyStore _store;

    public CommitFailureTests() => _store = new FaultyStore(new InMemorySessionStore(Sessions));

    [Theory]
    [InlineData("/start")]
    [InlineData("/json")]
    [InlineData("/redirect")]
    [InlineData("/writer")]
    [InlineData("/unflushed")]
    [InlineData("/mixed")]
    [InlineData("/nothing")]
    [InlineData("/file")]
    public async Task New_session_that_cannot_be_stored_is_a_503_without_the_endpoints_body(string path)
    {
        var node = await StartAsync(ResponseKinds.Map, WithoutJournal, _store);
        await node.Browser().GetAsync("/set/a/1");
        _store.Failing = StoreOperations.Merge;
        var browser = node.Browser();
        await AssertRejectedAsync(browser, path, "not-committed");
        Assert.False(browser.LastSetCookie);
        _store.Failing = StoreOperations.None;
        await browser.GetAsync(path);
        Assert.True(browser.LastSetCookie);
    }

    [Theory]
    [InlineData("/start")]
    [InlineData("/json")]
    [InlineData("/writer")]
    [InlineData("/file")]
    public async Task Commit_that_neither_store_nor_journal_takes_is_a_503_and_the_session_is_as_before(string path)
    {
        var node = await StartAsync(ResponseKinds.Map, WithoutJournal, _store);
        var browser = node.Browser();
        await browser.GetAsync("/set/color/blue");
        var cookie = browser.Cookie;
        _store.Failing = StoreOperations.Commit;
        await AssertRejectedAsync(browser, path, "not-committed");
        Assert.Equal(cookie, browser.Cookie);
        Assert.Equal("blue", await browser.GetAsync("/get/color"));
        _store.Failing = StoreOperations.None;
        Assert.Equal("blue", await browser.GetAsync("/get/color"));
    }

    [Fact]
    public async Task Commit_whose_reply_was_lost_is_said_to_be_unknown()
    {
        var node = await StartAsync(ResponseKinds.Map, WithoutJournal, _store);
        var browser = node.Browser();
        await browser.GetAsync("/set/color/blue");
        (_store.Failing, _store.IsReplyLost) = (StoreOperations.Commit, true);
        await AssertRejectedAsync(browser, "/json", "unknown");
    }

    [Fact]
    public async Task Session_in_place_of_an_expired_one_that_cannot_be_stored_is_a_503_without_a_body()
    {
        var node = await StartAsync(ResponseKinds.Map, WithoutJournal, _store);
        var browser = node.Browser();
        await browser.GetAsync("/set/color/blue");
        Time.Advance(TimeSpan.FromHours(1));
        _store.Failing = StoreOperations.Merge;
        await AssertRejectedAsync(browser, "/json", "not-committed");
        await AssertRejectedAsync(browser, "/start", "not-committed");
    }

    [Fact]
    public async Task Explicit_commit_that_fails_throws_and_the_response_is_a_503_without_what_was_written()
    {
        var node = await StartAsync(endpoints => endpoints.MapGet("/explicit", async (HttpContext context) =>
                {
                    context.Session.SetString("color", "red");
                    context.Response.ContentType = "text/plain";
                    context.Response.BodyWriter.GetSpan(4)[0] = (byte)'x';
                    context.Response.BodyWriter.Advance(1);
                    await context.Session.CommitAsync();
                }), WithoutJournal, _store);
        _store.Failing = StoreOperations.Merge;
        var browser = node.Browser();
        await browser.GetAsync("/explicit");
        Assert.Equal(503, (int)browser.LastStatus);
        Assert.NotNull(browser.Last!.Headers.RetryAfter);
        Assert.Equal("", await browser.Last.Content.ReadAsStringAsync());
    }

    [Fact]
    public async Task Failure_that_only_the_headers_callback_can_see_is_a_503_with_retry_after_too()
    {
        var node = await StartAsync(endpoints => endpoints.MapGet("/taken", async (HttpContext context) =>
                {
                    var body = context.Response.Body;
                    context.Session.SetString("color", "red");
                    await body.WriteAsync("thanks"u8.ToArray());
                    await body.FlushAsync();
                }), WithoutJournal, _store);
        _store.Failing = StoreOperations.Merge;
        var browser = node.Browser();
        await browser.GetAsync("/taken");
        Assert.Equal(503, (int)browser.LastStatus);
        Assert.NotNull(browser.Last!.Headers.RetryAfter);
        Assert.True(browser.Last.Headers.CacheControl!.NoStore);
    }

    [Fact]
    public async Task New_id_is_sent_although_the_commit_after_it_fails()
    {
        var node = await StartAsync(endpoints => endpoints.MapGet("/login", async (HttpContext context) =>
                {
                    await context.GetClusterSession().RotateIdAsync();
                    context.Session.SetString("user", "ada");
                    _store.Failing = StoreOperations.Commit;
                }), WithoutJournal, _store);
        var browser = node.Browser();
        await browser.GetAsync("/set/color/red");
        await browser.GetAsync("/login");
        Assert.Equal(503, (int)browser.LastStatus);
        _store.Failing = StoreOperations.None;
        Assert.Equal("red", await browser.GetAsync("/get/color"));
        Assert.Equal("", await browser.GetAsync("/get/user"));
    }

    [Theory]
    [MemberData(nameof(ServerKinds.All), MemberType = typeof(ServerKinds))]
    public async Task New_id_reaches_the_client_where_an_outer_callbacks_change_could_not_be_committed(ServerKind kind)
    {
        var node = await StartAsync(
            options: options =>
            {
                WithoutJournal(options);
                options.LocalCopies.MaxCount = 0;
            },
            store: _store,
            before: app =>
                app.Use(
                    (context, next) =>
                    {
                        context.Response.OnStarting(() =>
                        {
                            if (context.Request.Path == "/rotate")
                            {
                                _store.Failing = StoreOperations.All;
                                context.Session.SetString("late", "1");
                            }

                            return Task.CompletedTask;
                        });
                        return next(context);
                    }
                ),
            kind: kind
        );
        var browser = node.Browser();
        await browser.GetAsync("/set/color/red");
        var id = browser.Id;
        await browser.GetAsync("/rotate");
        Assert.Equal(503, (int)browser.LastStatus);
        Assert.NotEqual(id, browser.Id);
        _store.Failing = StoreOperations.None;
        Assert.Equal("red", await browser.GetAsync("/get/color"));
    }

    private static async Task AssertRejectedAsync(TestBrowser browser, string path, string commit)
    {
        var body = await browser.GetAsync(path);
        Assert.Equal(503, (int)browser.LastStatus);
        Assert.Equal("", body);
        Assert.Equal(TimeSpan.FromSeconds(2), browser.Last!.Headers.RetryAfter!.Delta);
        Assert.True(browser.Last.Headers.CacheControl!.NoStore);
        Assert.Equal(commit, Assert.Single(browser.Last.Headers.GetValues("Session-Commit")));
        Assert.False(browser.Last.Headers.Contains("Location"));
    }

    private static void WithoutJournal(ClusterSessionOptions options)
    {
        options.Outage.JournalSessions = 0;
        options.Outage.BreakAfter = 10_000;
    }
}
