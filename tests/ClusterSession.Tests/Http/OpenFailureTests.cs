using ClusterSession.Stores.InMemory;
using ClusterSession.TestKit.Nodes;
using ClusterSession.TestKit.Stores;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Xunit;

namespace ClusterSession.Tests.Http;

public sealed class OpenFailureTests : NodeTests
{
    private readonly FaultyStore _store;

    public OpenFailureTests() => _store = new FaultyStore(new InMemorySessionStore(Sessions));

    [Fact]
    public async Task Session_that_cannot_be_read_is_a_503_and_the_endpoint_does_not_run()
    {
        var ran = false;
        var (a, b) = await StartAsync(SessionOutagePolicy.Reject, _ =>
        {
            ran = true;
            return Task.CompletedTask;
        });
        var browser = a.Browser();
        await browser.GetAsync("/set/color/red");
        _store.Failing = StoreOperations.Sessions;
        Assert.Equal("", await browser.GetAsync("/run", b));
        Assert.Equal(503, (int)browser.LastStatus);
        Assert.Equal(TimeSpan.FromSeconds(2), browser.Last!.Headers.RetryAfter!.Delta);
        Assert.False(browser.LastSetCookie);
        Assert.False(ran);
        _store.Failing = StoreOperations.None;
        Assert.Equal("red", await browser.GetAsync("/get/color", b));
    }

    [Fact]
    public async Task Session_with_a_local_copy_goes_on()
    {
        var (_, b) = await StartAsync(SessionOutagePolicy.Reject);
        var browser = b.Browser();
        await browser.GetAsync("/set/color/red");
        _store.Failing = StoreOperations.Sessions;
        Assert.Equal("red", await browser.GetAsync("/get/color"));
        await browser.GetAsync("/set/color/blue");
        Assert.Equal(200, (int)browser.LastStatus);
        Assert.Equal("blue", await browser.GetAsync("/get/color"));
    }

    [Fact]
    public async Task Session_that_another_node_committed_at_the_same_time_goes_on_with_what_this_node_has()
    {
        TestBrowser browser = null!;
        TestNode other = null!;
        var (a, b) = await StartAsync(SessionOutagePolicy.Reject, async context =>
        {
            await browser.Copy().GetAsync("/set/size/large", other);
            _store.Failing = StoreOperations.Read; // The store vanishes before the session is read anew.
            context.Session.SetString("color", "blue");
        });
        other = a;
        browser = b.Browser();
        await browser.GetAsync("/set/color/red");
        await browser.GetAsync("/run");
        _store.Failing = StoreOperations.Sessions;

        Assert.Equal("blue", await browser.GetAsync("/get/color"));
        await browser.GetAsync("/set/shape/round");
        Assert.Equal(200, (int)browser.LastStatus);

        _store.Failing = StoreOperations.None;
        await browser.GetAsync("/set/done/yes");
        Assert.Equal("color,done,shape,size", await browser.GetAsync("/keys", a));
        Assert.Equal("color,done,shape,size", await browser.GetAsync("/keys", b));
    }

    [Fact]
    public async Task Under_ServeEmpty_the_request_gets_an_empty_session_and_the_real_one_is_there_again_later()
    {
        var (a, b) = await StartAsync(SessionOutagePolicy.ServeEmpty);
        var browser = a.Browser();
        await browser.GetAsync("/set/color/red");
        _store.Failing = StoreOperations.Sessions;
        Assert.Equal("False", await browser.GetAsync("/available", b));
        Assert.Equal("", await browser.GetAsync("/get/color", b));
        Assert.Equal("blue", await browser.GetAsync("/set/color/blue", b));
        Assert.False(browser.LastSetCookie);
        _store.Failing = StoreOperations.None;
        Assert.Equal("red", await browser.GetAsync("/get/color", b));
    }

    [Theory]
    [InlineData("/destroy")]
    [InlineData("/rotate")]
    public async Task Under_ServeEmpty_an_end_or_a_new_id_is_not_claimed(string path)
    {
        var (a, b) = await StartAsync(SessionOutagePolicy.ServeEmpty);
        var browser = a.Browser();
        await browser.GetAsync("/set/color/red");
        _store.Failing = StoreOperations.Sessions;
        await browser.GetAsync(path, b);
        Assert.Equal(503, (int)browser.LastStatus);
        Assert.False(browser.LastSetCookie);
    }

    [Fact]
    public async Task Cookie_that_nobody_can_check_is_a_503_and_not_a_new_session()
    {
        var (a, _) = await StartAsync(SessionOutagePolicy.Reject);
        var browser = a.Browser();
        await browser.GetAsync("/set/color/red");
        _store.Failing = StoreOperations.All;
        var late = await StartAsync(store: _store, options: options => options.Outage.BreakAfter = 10_000);
        await browser.GetAsync("/get/color", late);
        Assert.Equal(503, (int)browser.LastStatus);
        await late.Browser().GetAsync("/untouched");
        _store.Failing = StoreOperations.None;
        Assert.Equal("red", await browser.GetAsync("/get/color", late));
    }

    [Fact]
    public async Task Requests_without_a_cookie_do_not_notice()
    {
        var (_, b) = await StartAsync(SessionOutagePolicy.Reject);
        _store.Failing = StoreOperations.All;
        var browser = b.Browser();
        Assert.Equal("untouched", await browser.GetAsync("/untouched"));
        Assert.Equal("", await browser.GetAsync("/get/color"));
    }

    private async Task<(TestNode A, TestNode B)> StartAsync(SessionOutagePolicy policy, RequestDelegate? run = null) => (
        await StartAsync(),
        await StartAsync(
            endpoints =>
            {
                endpoints.MapGet("/run", run ?? (_ => Task.CompletedTask));
                endpoints.MapGet("/available", (HttpContext context) => context.Session.IsAvailable.ToString());
            },
            options =>
            {
                options.OnStoreUnavailable = policy;
                options.Outage.BreakAfter = 10_000;
            },
            _store));
}
