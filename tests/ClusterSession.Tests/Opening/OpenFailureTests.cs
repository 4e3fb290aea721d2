using ClusterSession.Local;
using ClusterSession.Records;
using ClusterSession.Stores;
using ClusterSession.Stores.InMemory;
using ClusterSession.TestKit.Nodes;
using ClusterSession.TestKit.Stores;
using ClusterSession.Tests.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Xunit;

namespace ClusterSession.Tests.Opening;

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
        Assert.Equal("False", await browser.GetAsync("/regressed"));
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
        var before = browser.Copy();
        await browser.GetAsync("/run");
        _store.Failing = StoreOperations.Sessions;

        // Its cookie is older than what was committed at once: it has seen neither.
        Assert.Equal("False", await before.GetAsync("/regressed"));
        Assert.Equal("blue", await browser.GetAsync("/get/color"));
        await browser.GetAsync("/set/shape/round");
        Assert.Equal(200, (int)browser.LastStatus);
        // It lacks the size, which the client may have seen.
        Assert.Equal("True", await browser.GetAsync("/regressed"));
        Assert.True(Logs.Count("SessionServedInPart") > 0);

        _store.Failing = StoreOperations.None;
        await browser.GetAsync("/set/done/yes");
        Assert.Equal("color,done,shape,size", await browser.GetAsync("/keys", a));
        Assert.Equal("color,done,shape,size", await browser.GetAsync("/keys", b));
    }

    [Fact]
    public async Task Session_that_two_nodes_committed_at_once_goes_on_however_long_the_store_is_away()
    {
        TestBrowser browser = null!;
        TestNode other = null!;
        var (a, b) = await StartAsync(
            SessionOutagePolicy.Reject,
            async context =>
            {
                await browser.Copy().GetAsync("/set/size/large", other);
                _store.Failing = StoreOperations.Read;
                context.Session.SetString("color", "blue");
            },
            options => options.Outage.ReplayBytes = 0
        ); // What was committed is not remembered, as after the replay window.
        other = a;
        browser = b.Browser();
        await browser.GetAsync("/set/color/red");
        await browser.GetAsync("/run");
        _store.Failing = StoreOperations.Sessions;
        Assert.Equal("color", await browser.GetAsync("/keys"));

        _store.Failing = StoreOperations.None;
        Assert.Equal("color,size", await browser.GetAsync("/keys"));
    }

    [Fact]
    public async Task Client_that_was_shown_another_nodes_commit_goes_on_after_this_node_has_committed_too()
    {
        var meeting = new Meeting();
        var (a, b) = await StartAsync(SessionOutagePolicy.Reject, async context =>
        {
            await meeting.WaitAsync();
            context.Session.SetString("color", "blue");
        });
        var browser = b.Browser();
        await browser.GetAsync("/set/shape/round");
        var running = browser.Copy().GetAsync("/run");
        await meeting.AreHereAsync(1);
        await browser.Copy().GetAsync("/set/size/large", a);
        Assert.Equal("shape,size", await browser.GetAsync("/keys"));
        _store.Failing = StoreOperations.Read;
        meeting.GoOn();
        await running;
        _store.Failing = StoreOperations.Sessions;

        Assert.Equal("color,shape,size", await browser.GetAsync("/keys"));
        Assert.Equal(200, (int)browser.LastStatus);
    }

    [Fact]
    public async Task Client_that_was_shown_what_could_not_be_restored_in_the_store_goes_on()
    {
        var replaceable = new ReplaceableStore(new InMemorySessionStore(Sessions));
        var store = new FaultyStore(replaceable);
        var b = await StartAsync(options: options => options.Outage.BreakAfter = 10_000, store: store);
        var browser = b.Browser();
        await browser.GetAsync("/set/color/red");
        var key = LossTests.KeyOf(browser);
        var first = (await store.ReadAsync(key, default, default)).Record!;
        await browser.GetAsync("/set/size/large");
        var second = (await store.ReadAsync(key, default, default)).Record!.Version;
        var behind = new InMemorySessionStore(new InMemorySessions(Time));
        await behind.MergeAsync(
            key,
            new SessionMerge(first, first.Version, MergeMode.Create, TimeSpan.FromHours(1)),
            default
        );
        var delta = new SessionDelta();
        delta.Set("shape", "round"u8.ToArray());
        await behind.CommitAsync(
            key,
            new SessionChange(
                first.Version,
                new(second.Stamp + 1000, 77),
                delta,
                [],
                TimeSpan.FromHours(1),
                TimeSpan.FromHours(1)
            ),
            default
        );

        store.Failing = StoreOperations.Merge;
        replaceable.Replace(behind);
        Assert.Equal("color,shape,size", await browser.GetAsync("/keys"));
        store.Failing = StoreOperations.Sessions;
        Assert.Equal("color,shape,size", await browser.GetAsync("/keys"));
        await browser.GetAsync("/set/done/yes");
        Assert.Equal(200, (int)browser.LastStatus);

        store.Failing = StoreOperations.None;
        await browser.GetAsync("/set/after/all");
        Assert.Equal("after,color,done,shape,size", await browser.GetAsync("/keys"));
        var stored = (await behind.ReadAsync(key, default, default)).Record!;
        Assert.All(["after", "color", "done", "shape", "size"], name => Assert.True(stored.TryFind(name, out _), name));
    }

    [Fact]
    public async Task Client_that_was_shown_what_was_restored_in_the_store_goes_on_without_the_local_copy()
    {
        var replaceable = new ReplaceableStore(new InMemorySessionStore(Sessions));
        var store = new FaultyStore(replaceable);
        var node = await StartAsync(store: store);
        var browser = node.Browser();
        await browser.GetAsync("/set/color/red");
        var key = LossTests.KeyOf(browser);
        var first = (await store.ReadAsync(key, default, default)).Record!;
        await browser.GetAsync("/set/size/large");
        var behind = new InMemorySessionStore(new InMemorySessions(Time));
        await behind.MergeAsync(
            key,
            new SessionMerge(first, first.Version, MergeMode.Create, TimeSpan.FromHours(1)),
            default
        );
        replaceable.Replace(behind);
        // The cookie names what the store has now, and nobody committed.
        Assert.Equal("color,size", await browser.GetAsync("/keys"));

        node.Services.GetRequiredService<LocalCopies>().Drop(key);
        store.Failing = StoreOperations.Sessions;

        Assert.Equal("color,size", await browser.GetAsync("/keys"));
    }

    [Fact]
    public async Task Commit_that_only_the_journal_has_is_shown_to_its_client()
    {
        var (_, b) = await StartAsync(SessionOutagePolicy.Reject, options: options => options.LocalCopies.MaxCount = 0);
        var browser = b.Browser();
        await browser.GetAsync("/set/color/red");
        _store.Failing = StoreOperations.Sessions;
        await browser.GetAsync("/set/size/large");
        Assert.Equal("color,size", await browser.GetAsync("/keys"));
        Time.Advance(TimeSpan.FromHours(1)); // Nor does the journal make it live longer than it may.
        await browser.GetAsync("/keys");
        Assert.Equal(503, (int)browser.LastStatus);
    }

    [Fact]
    public async Task Session_whose_copy_may_be_old_goes_on_while_the_store_that_came_back_empty_is_filled_again()
    {
        var replaceable = new ReplaceableStore(new InMemorySessionStore(Sessions));
        var a = await StartAsync();
        var b = await StartAsync(store: replaceable);
        var browser = b.Browser();
        await browser.GetAsync("/set/color/red");
        await browser.Copy().GetAsync("/set/size/large", a); // And this node is never heard of again.
        replaceable.Replace(
            new InMemorySessionStore(new InMemorySessions(Time)),
            new StoreContinuity(StoreLoss.Everything)
        );
        Assert.Equal("red", await Time.DriveAsync(browser.GetAsync("/get/color")));
        Assert.Equal("False", await Time.DriveAsync(browser.GetAsync("/regressed")));
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

    private async Task<(TestNode A, TestNode B)> StartAsync(
        SessionOutagePolicy policy,
        RequestDelegate? run = null,
        Action<ClusterSessionOptions>? options = null
    ) =>
        (
            await StartAsync(),
            await StartAsync(
                endpoints =>
                {
                    endpoints.MapGet("/run", run ?? (_ => Task.CompletedTask));
                    endpoints.MapGet("/available", (HttpContext context) => context.Session.IsAvailable.ToString());
                },
                all =>
                {
                    all.OnStoreUnavailable = policy;
                    all.Outage.BreakAfter = 10_000;
                    options?.Invoke(all);
                },
                _store
            )
        );
}
