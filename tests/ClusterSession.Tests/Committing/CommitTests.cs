using ClusterSession.TestKit.Servers;
using ClusterSession.TestKit.Stores;
using ClusterSession.Tests.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Xunit;

namespace ClusterSession.Tests.Committing;

public sealed class CommitTests : NodeTests
{
    [Fact]
    public async Task Attributes_that_a_request_overwrites_or_removes_count_once_for_MaxAttributes()
    {
        var node = await StartAsync(endpoints => endpoints.MapGet("/many/{first}", (HttpContext context, int first) =>
                {
                    for (var i = first; i < 8; i++)
                    {
                        context.Session.SetString("k" + i, Guid.NewGuid().ToString());
                    }

                    context.Session.Remove("k" + first);
                    context.Session.SetString("instead-of-k" + first, "1");
                }), options => options.MaxAttributes = 8);
        var browser = node.Browser();
        await browser.GetAsync("/many/0");
        Assert.Equal("instead-of-k0,k1,k2,k3,k4,k5,k6,k7", await browser.GetAsync("/keys"));
        await browser.GetAsync("/many/1");
        Assert.Equal("instead-of-k0,instead-of-k1,k2,k3,k4,k5,k6,k7", await browser.GetAsync("/keys"));
        await Assert.ThrowsAsync<InvalidOperationException>(() => browser.GetAsync("/set/k8/x"));
    }

    private readonly Meeting _meeting = new();

    [Fact]
    public async Task Commit_is_in_the_store_before_the_first_byte_reaches_the_client()
    {
        var a = await StartAsync(endpoints => endpoints.MapGet("/stream", async (HttpContext context) =>
            {
                context.Session.SetString("color", "red");
                await context.Response.WriteAsync("first ");
                await context.Response.Body.FlushAsync();
                await _meeting.WaitAsync();
                await context.Response.WriteAsync("last");
            }));
        var b = await StartAsync();
        var browser = a.Browser();
        await using var body = await browser.BeginAsync("/stream");
        Assert.Equal("red", await browser.GetAsync("/get/color", b));
        _meeting.GoOn();
        Assert.Equal("first last", await new StreamReader(body).ReadToEndAsync());
    }

    [Theory]
    [InlineData("/start")]
    [InlineData("/json")]
    [InlineData("/redirect")]
    [InlineData("/writer")]
    [InlineData("/unflushed")]
    [InlineData("/mixed")]
    [InlineData("/completed")]
    [InlineData("/nothing")]
    [InlineData("/file")]
    public async Task Commit_comes_before_the_headers_however_the_response_is_written(string path)
    {
        var a = await StartAsync(ResponseKinds.Map);
        var b = await StartAsync();
        var browser = a.Browser();
        var body = await browser.GetAsync(path);
        Assert.Equal(ResponseKinds.BodyOf(path), body);
        Assert.True(browser.LastSetCookie);
        Assert.Equal("red", await browser.GetAsync("/get/color", b));
        Assert.Equal(0, Logs.Count("CommittedAfterHeaders"));
    }

    [Fact]
    public async Task Change_of_a_session_after_the_headers_left_is_committed_and_logged_once()
    {
        var node = await StartAsync(endpoints => endpoints.MapGet("/late", async (HttpContext context) =>
            {
                await context.Response.WriteAsync("early");
                await context.Response.Body.FlushAsync();
                context.Session.SetString("color", "late");
                context.Session.SetString("size", "late");
            }));
        var browser = node.Browser();
        await browser.GetAsync("/set/color/red");
        Assert.Equal("early", await browser.GetAsync("/late"));
        Assert.False(browser.LastSetCookie);
        await Condition.HoldsAsync(() => Logs.Count("CommittedAfterHeaders") > 0, "the late commit is logged");
        Assert.Equal(1, Logs.Count("CommittedAfterHeaders"));
        Assert.Equal("late", await browser.GetAsync("/get/color"));
    }

    [Fact]
    public async Task Session_cannot_begin_after_the_headers_left()
    {
        var refusal = new TaskCompletionSource<string>();
        var node = await StartAsync(endpoints => endpoints.MapGet("/late", async (HttpContext context) =>
            {
                await context.Response.WriteAsync("early");
                await context.Response.Body.FlushAsync();
                refusal.SetResult(
                    Assert.Throws<InvalidOperationException>(() => context.Session.SetString("color", "late")).Message
                );
            }));
        var browser = node.Browser();
        Assert.Equal("early", await browser.GetAsync("/late"));
        Assert.Contains("before writing the response", await refusal.Task);
        Assert.Equal(0, Sessions.Count);
    }

    [Fact]
    public async Task Same_bytes_are_no_commit()
    {
        var node = await StartAsync();
        var browser = node.Browser();
        await browser.GetAsync("/set/color/red");
        Store.Reset();
        await browser.GetAsync("/set/color/red");
        await browser.GetAsync("/remove/never-there");
        Assert.Equal(0, Store.Count(StoreOperations.All));
    }

    [Fact]
    public async Task Untouched_and_read_sessions_reach_no_store_and_a_write_is_one_operation()
    {
        var (a, b) = (await StartAsync(), await StartAsync());
        await a.Browser().GetAsync("/get/color");
        Assert.Equal(0, Store.Count(StoreOperations.Sessions));
        var browser = a.Browser();
        await browser.GetAsync("/set/color/red");
        Assert.Equal(1, Store.Count(StoreOperations.Sessions));
        Store.Reset();
        await browser.GetAsync("/get/color");
        await browser.GetAsync("/untouched");
        Assert.Equal(0, Store.Count(StoreOperations.Sessions));
        await browser.GetAsync("/set/color/blue");
        Assert.Equal(1, Store.Count(StoreOperations.Sessions));
        await browser.GetAsync("/set/color/green", b);
        Store.Reset();
        await browser.GetAsync("/get/color");
        Assert.Equal(1, Store.Count(StoreOperations.Sessions));
    }

    [Fact]
    public async Task Without_CommitOnException_an_endpoint_that_throws_commits_nothing_and_sets_no_cookie()
    {
        var node = await StartAsync(endpoints => endpoints.MapGet("/fail", string (HttpContext context) =>
                {
                    context.Session.SetString("color", "failed");
                    throw new InvalidOperationException("The endpoint's own.");
                }), options => options.CommitOnException = false, before: Handler);
        var browser = node.Browser();
        await browser.GetAsync("/fail");
        Assert.Equal(500, (int)browser.LastStatus);
        Assert.False(browser.LastSetCookie);
        Assert.Equal(0, Sessions.Count);
        await browser.GetAsync("/set/color/red");
        await browser.GetAsync("/fail");
        Assert.Equal("red", await browser.GetAsync("/get/color"));
    }

    [Fact]
    public async Task Endpoint_that_throws_after_it_wrote_without_flushing_leaves_the_response_to_others()
    {
        var node = await StartAsync(endpoints => endpoints.MapGet("/half", async (HttpContext context) =>
                {
                    context.Session.SetString("color", "failed");
                    context.Response.BodyWriter.GetSpan(4)[0] = (byte)'x';
                    context.Response.BodyWriter.Advance(1);
                    await Task.Yield();
                    throw new InvalidOperationException("The endpoint's own.");
                }), before: Handler);
        var browser = node.Browser();
        Assert.Equal("sorry", await browser.GetAsync("/half"));
        Assert.Equal(500, (int)browser.LastStatus);
    }

    [Fact]
    public async Task New_id_reaches_the_client_even_if_the_endpoint_fails_later()
    {
        var node = await StartAsync(endpoints => endpoints.MapGet("/login", async (HttpContext context) =>
                {
                    await context.GetClusterSession().RotateIdAsync();
                    throw new InvalidOperationException("The endpoint's own.");
                }), before: Handler);
        var browser = node.Browser();
        await browser.GetAsync("/set/color/red");
        await browser.GetAsync("/login");
        Assert.Equal(500, (int)browser.LastStatus);
        Assert.Equal("red", await browser.GetAsync("/get/color"));
    }

    [Fact]
    public async Task Explicit_commit_is_in_the_store_when_it_returns_and_lets_the_body_be_written_synchronously()
    {
        var node = await StartAsync(endpoints => endpoints.MapGet("/explicit", async (HttpContext context) =>
            {
                context.Features.Get<IHttpBodyControlFeature>()?.AllowSynchronousIO = true;
                context.Session.SetString("color", "red");
                context.Response.Body.Write("a"u8);
                Assert.Equal(0, Sessions.Count); // A commit never blocks a thread: these bytes wait.
                await context.Session.CommitAsync();
                Assert.Equal(1, Sessions.Count);
                context.Response.Body.Write("sync"u8);
            }));
        var browser = node.Browser();
        Assert.Equal("async", await browser.GetAsync("/explicit"));
        Assert.Equal("red", await browser.GetAsync("/get/color"));
    }

    [Fact]
    public async Task Use_after_the_request_ended_throws_and_commits_nothing()
    {
        ISession? kept = null;
        var node = await StartAsync(endpoints => endpoints.MapGet("/keep", (HttpContext context) =>
            {
                kept = context.Session;
                kept.SetString("color", "red");
            }));
        var browser = node.Browser();
        await browser.GetAsync("/keep");
        Assert.Contains(
            "has ended",
            Assert.Throws<InvalidOperationException>(() => kept!.SetString("color", "late")).Message
        );
        Assert.Throws<InvalidOperationException>(() => kept!.Remove("color"));
        await Assert.ThrowsAsync<InvalidOperationException>(() => ((IClusterSession)kept!).DestroyAsync());
        Assert.Equal("red", await browser.GetAsync("/get/color"));
    }

    [Fact]
    public async Task Middleware_that_swaps_the_body_and_puts_it_back_finds_it_as_it_was()
    {
        IHttpResponseBodyFeature? original = null,
            seen = null;
        var node = await StartAsync(
            before: app =>
                app.Use(
                    async (context, next) =>
                    {
                        original = context.Features.Get<IHttpResponseBodyFeature>();
                        await next(context);
                        seen = context.Features.Get<IHttpResponseBodyFeature>();
                    }
                ),
            after: app =>
                app.Use(
                    async (context, next) =>
                    {
                        var inner = context.Features.Get<IHttpResponseBodyFeature>()!;
                        using var buffer = new MemoryStream();
                        context.Features.Set<IHttpResponseBodyFeature>(new StreamResponseBodyFeature(buffer));
                        await next(context);
                        context.Features.Set(inner);
                        await context.Response.Body.WriteAsync(buffer.ToArray());
                    }
                )
        );
        var browser = node.Browser();
        Assert.Equal("red", await browser.GetAsync("/set/color/red"));
        Assert.Same(original, seen);
        Assert.Equal("red", await browser.GetAsync("/get/color"));
    }

    [Fact]
    public async Task Second_commit_of_a_request_that_others_overtook_does_not_hide_their_change()
    {
        var node = await StartAsync(endpoints => endpoints.MapGet("/twice", async (HttpContext context) =>
            {
                context.Session.SetString("mine1", "1");
                await _meeting.WaitAsync();
                await context.Session.CommitAsync();
                context.Session.SetString("mine2", "2");
            }));
        var other = await StartAsync();
        var browser = node.Browser();
        await browser.GetAsync("/set/color/red");
        var second = browser.Copy();
        var running = browser.GetAsync("/twice");
        await _meeting.AreHereAsync(1);
        await second.GetAsync("/set/theirs/1", other);
        _meeting.GoOn();
        await running;
        Assert.Equal("color,mine1,mine2,theirs", await browser.GetAsync("/keys"));
        Assert.Equal("color,mine1,mine2,theirs", await browser.GetAsync("/keys", other));
    }

    private static void Handler(WebApplication app) =>
        app.Use(
            async (context, next) =>
            {
                try
                {
                    await next(context);
                }
                catch (InvalidOperationException failure)
                    when (!context.Response.HasStarted && failure.Message == "The endpoint's own.")
                {
                    context.Response.Clear();
                    context.Response.StatusCode = 500;
                    await context.Response.WriteAsync("sorry");
                }
            }
        );
}
