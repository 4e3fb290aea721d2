using ClusterSession.Asking;
using ClusterSession.Records;
using ClusterSession.Stores;
using ClusterSession.Stores.InMemory;
using ClusterSession.TestKit.Metrics;
using ClusterSession.TestKit.Nodes;
using ClusterSession.TestKit.Stores;
using ClusterSession.Tests.Nodes;
using Microsoft.Extensions.DependencyInjection;
using Xunit;

namespace ClusterSession.Tests.Asking;

/// <summary>
/// Sessions that the store has lost, at a node that has no copy, while another one has.
/// </summary>
public sealed class LostSessionTests : NodeTests
{
    private static readonly TimeSpan Idle = TimeSpan.FromMinutes(20);

    [Fact]
    public async Task Session_that_was_deleted_or_evicted_is_found_400_times_through_the_node_that_holds_it()
    {
        var (a, b) = await StartTwoAsync();
        var lost = 0;
        for (var i = 0; i < 400; i++)
        {
            var browser = a.Browser();
            await browser.GetAsync($"/set/n/{i}");
            Sessions.Forget(KeyOf(browser));
            var read = await Time.DriveAsync(browser.GetAsync("/get/n", b));
            lost += read == $"{i}" && await browser.GetAsync("/regressed", b) == "False" ? 0 : 1;
        }

        Assert.Equal(0, lost);
        Assert.Equal(400, Sessions.Count);
    }

    [Fact]
    public async Task Session_that_was_only_read_for_long_is_not_logged_out_where_its_record_is_lost()
    {
        var (a, b) = await StartTwoAsync();
        var browser = a.Browser();
        await browser.GetAsync("/set/color/red");
        for (var minutes = 0; minutes < 30; minutes += 5)
        {
            Time.Advance(TimeSpan.FromMinutes(5));
            Assert.Equal("red", await browser.GetAsync("/get/color", a));
        }

        Sessions.Forget(KeyOf(browser));
        var cookie = browser.Cookie;
        Assert.Equal("red", await Time.DriveAsync(browser.GetAsync("/get/color", b)));
        Assert.Equal("False", await browser.GetAsync("/regressed", b));
        Assert.Equal(cookie, browser.Cookie);
    }

    [Fact]
    public async Task Commits_that_a_snapshot_older_than_the_replay_window_lacks_are_brought_by_their_node()
    {
        var stores = new[]
        {
            new ReplaceableStore(new InMemorySessionStore(Sessions)),
            new ReplaceableStore(new InMemorySessionStore(Sessions)),
        };
        var a = await StartAsync(store: stores[0], options: options =>
            options.Outage.ReplayWindow = TimeSpan.FromMinutes(1)
        );
        var b = await StartAsync(store: stores[1]);
        var browsers = Enumerable.Range(0, 50).Select(_ => a.Browser()).ToArray();
        var snapshot = new InMemorySessions(Time);
        foreach (var browser in browsers)
        {
            await browser.GetAsync("/set/color/red", a);
            await CopyAsync(browser, snapshot);
            await browser.GetAsync("/set/color/blue", a);
        }

        Time.Advance(TimeSpan.FromMinutes(5));
        Array.ForEach(stores, store => store.Replace(new InMemorySessionStore(snapshot)));
        var flagged = 0;
        foreach (var browser in browsers)
        {
            flagged += await Time.DriveAsync(browser.GetAsync("/regressed", b)) == "False" ? 0 : 1;
            Assert.Equal("blue", await browser.GetAsync("/get/color", b));
        }

        Assert.Equal(0, flagged);
    }

    [Fact]
    public async Task Client_of_an_emptied_store_that_another_node_is_still_refilling_keeps_its_cookie()
    {
        var stores = new[]
        {
            new ReplaceableStore(new InMemorySessionStore(Sessions)),
            new ReplaceableStore(new InMemorySessionStore(Sessions)),
        };
        // Two minutes for all of them.
        var a = await StartAsync(store: stores[0], options: options => options.Outage.ReplayPerSecond = 1);
        var b = await StartAsync(store: stores[1]);
        var browsers = Enumerable.Range(0, 200).Select(_ => a.Browser()).ToArray();
        foreach (var browser in browsers)
        {
            await browser.GetAsync("/set/color/red", a);
        }

        Time.Advance(TimeSpan.FromMinutes(15));
        foreach (var browser in browsers)
        {
            await browser.GetAsync("/get/color", a);
        }

        Time.Advance(TimeSpan.FromMinutes(10)); // Written longer ago than the idle time, used within it.
        var empty = new InMemorySessions(Time);
        Array.ForEach(stores, store =>
            store.Replace(new InMemorySessionStore(empty), new StoreContinuity(StoreLoss.Everything))
        );
        Time.Advance(TimeSpan.FromSeconds(4));
        foreach (var browser in browsers.Reverse())
        {
            var cookie = browser.Cookie;
            Assert.Equal("red", await Time.DriveAsync(browser.GetAsync("/get/color", b)));
            Assert.Equal(cookie, browser.Cookie);
        }
    }

    [Fact]
    public async Task Session_that_was_idle_too_long_is_not_restored_from_a_copy_and_has_expired_at_once()
    {
        var (a, b) = await StartTwoAsync();
        var browser = a.Browser();
        await browser.GetAsync("/set/color/red");
        Time.Advance(Idle + TimeSpan.FromSeconds(30));
        Sessions.Forget(KeyOf(browser));
        // Time stands still: a wait would not end.
        Assert.Equal("False", await browser.Copy().GetAsync("/regressed", b));
        Assert.Equal("", await browser.Copy().GetAsync("/get/color", b));
        Assert.Equal(0, Logs.Count("SessionRegressed"));
        Assert.Equal(0, Sessions.Count);
    }

    [Fact]
    public async Task Session_that_expired_while_the_store_was_away_is_served_by_nobody_when_it_comes_back_empty()
    {
        FaultyStore[] faulty = [new(new InMemorySessionStore(Sessions)), new(new InMemorySessionStore(Sessions))];
        ReplaceableStore[] stores = [new(faulty[0]), new(faulty[1])];
        var nodes = new List<TestNode>();
        foreach (var store in stores)
        {
            nodes.Add(
                await StartAsync(store: store, options: options => options.IdleTimeout = TimeSpan.FromSeconds(10))
            );
        }

        var browser = nodes[0].Browser();
        await browser.GetAsync("/set/color/red");
        Time.Advance(TimeSpan.FromSeconds(3));
        Assert.Equal("red", await browser.GetAsync("/get/color", nodes[1]));
        Array.ForEach(faulty, store => store.Failing = StoreOperations.All);
        Time.Advance(TimeSpan.FromSeconds(20));
        var empty = new InMemorySessions(Time);
        Array.ForEach(stores, store =>
            store.Replace(new InMemorySessionStore(empty), new StoreContinuity(StoreLoss.Everything))
        );
        Time.Advance(TimeSpan.FromSeconds(6));
        foreach (var node in nodes)
        {
            Assert.Equal("", await Time.DriveAsync(browser.Copy().GetAsync("/get/color", node)));
        }

        var left = await new InMemorySessionStore(empty).ReadAsync(KeyOf(browser), default, default);
        Assert.Equal(StoreReadOutcome.Missing, left.Outcome);
    }

    [Fact]
    public async Task Session_whose_tombstone_is_lost_is_not_restored_by_who_did_not_hear_of_the_end()
    {
        var (a, b) = await StartTwoAsync();
        var c = await StartAsync(store: new DeafStore(new InMemorySessionStore(Sessions))); // Does not hear of the end.
        var browsers = Enumerable.Range(0, 20).Select(_ => a.Browser()).ToArray();
        foreach (var browser in browsers)
        {
            await browser.GetAsync("/set/color/red", a);
            await browser.GetAsync("/get/color", c);
            await browser.Copy().GetAsync("/destroy", a);
            Sessions.Forget(KeyOf(browser));
        }

        foreach (var browser in browsers)
        {
            Assert.Equal("", await Time.DriveAsync(browser.Copy().GetAsync("/get/color", b)));
            var read = await new InMemorySessionStore(Sessions).ReadAsync(KeyOf(browser), default, default);
            Assert.NotEqual(StoreReadOutcome.Found, read.Outcome);
            Assert.Equal("", await Time.DriveAsync(browser.Copy().GetAsync("/get/color", b)));
        }
    }

    [Fact]
    public async Task Commit_whose_copy_is_gone_is_restored_with_the_life_that_is_left()
    {
        var a = await StartAsync(options: options => options.LocalCopies.MaxCount = 0);
        var b = await StartAsync();
        Time.Advance(TimeSpan.FromSeconds(5));
        var browser = a.Browser();
        await browser.GetAsync("/set/color/red");
        var whole = await LifeAsync(browser);
        Time.Advance(TimeSpan.FromSeconds(100));
        Sessions.Forget(KeyOf(browser));
        var asks = b.Services.GetRequiredService<SessionAsks>(); // A request would be a use.
        var asked = asks.AskAsync(KeyOf(browser), SessionVersion.None, TimeSpan.FromSeconds(1), default).AsTask();
        Assert.Equal(AskResult.Restored, await Time.DriveAsync(asked));
        Assert.InRange(await LifeAsync(browser), TimeSpan.FromMinutes(1), whole - TimeSpan.FromSeconds(99));
        Assert.Equal("red", await Time.DriveAsync(browser.GetAsync("/get/color", b)));
    }

    [Fact]
    public async Task Store_without_a_channel_says_what_it_said_before()
    {
        var a = await StartAsync(store: new NoChannelStore(new InMemorySessionStore(Sessions)));
        var b = await StartAsync(store: new NoChannelStore(new InMemorySessionStore(Sessions)));
        using var asks = new CounterReading(b.Services, "clustersession.asks");
        var browser = a.Browser();
        await browser.GetAsync("/set/color/red");
        Sessions.Forget(KeyOf(browser));
        Assert.Equal("True", await Time.DriveAsync(browser.GetAsync("/regressed", b)));
        Assert.Equal(0, asks.Value);
    }

    private async Task<(TestNode A, TestNode B)> StartTwoAsync()
    {
        var (a, b) = (await StartAsync(), await StartAsync());
        Time.Advance(TimeSpan.FromSeconds(5)); // They have heard of each other.
        return (a, b);
    }

    private async Task<TimeSpan> LifeAsync(TestBrowser browser) =>
        (await new InMemorySessionStore(Sessions).ReadAsync(KeyOf(browser), default, default)).RemainingLife!.Value;

    private async Task CopyAsync(TestBrowser browser, InMemorySessions to)
    {
        var record = (await new InMemorySessionStore(Sessions).ReadAsync(KeyOf(browser), default, default)).Record!;
        await new InMemorySessionStore(to).MergeAsync(
            KeyOf(browser),
            new SessionMerge(record, record.Version, MergeMode.Create, TimeSpan.FromHours(1)),
            default
        );
    }

    private static SessionKey KeyOf(TestBrowser browser)
    {
        Assert.True(SessionId.TryParse(browser.Id!, out var id));
        return SessionKey.Of(id);
    }

    private sealed class NoChannelStore(IClusterSessionStore inner) : ForwardingStore(inner)
    {
        public override IStoreChannel? Channel => null;

        protected override ValueTask<T> OnAsync<T>(
            StoreOperations operation,
            Func<ValueTask<T>> ask,
            Func<StoreFailure, T> unavailable
        ) => ask();
    }
}
