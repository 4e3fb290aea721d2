using System.Net;
using ClusterSession.Ends;
using ClusterSession.Local;
using ClusterSession.Records;
using ClusterSession.Stores;
using ClusterSession.Stores.InMemory;
using ClusterSession.TestKit.Nodes;
using ClusterSession.TestKit.Stores;
using ClusterSession.Tests.Nodes;
using ClusterSession.Tests.Opening;
using Microsoft.Extensions.DependencyInjection;
using Xunit;

namespace ClusterSession.Tests.Ends;

/// <summary>
/// Sessions that one node has ended, and others with a copy: the store loses the tombstones, goes
/// back, or goes away. An end stays an end.
/// </summary>
public sealed class SharedEndsTests : NodeTests
{
    private const int Many = 20;

    [Fact]
    public async Task Destroyed_sessions_whose_tombstones_are_evicted_are_restored_by_no_node_that_has_a_copy()
    {
        var (a, b) = (await StartAsync(), await StartAsync());
        var thieves = await EndedAsync(a, b, browser => browser.GetAsync("/destroy", a));
        ForgetTombstones(thieves);
        foreach (var thief in thieves)
        {
            Assert.Equal("", await thief.Copy().GetAsync("/get/color", b));
            Assert.Equal("", await thief.Copy().GetAsync("/get/color", a));
            Assert.NotEqual(StoreReadOutcome.Found, await ReadAsync(Sessions, thief));
        }
    }

    [Fact]
    public async Task Snapshot_from_before_logouts_and_rotations_of_a_dead_node_revives_none()
    {
        var second = new ReplaceableStore(new InMemorySessionStore(Sessions));
        var (a, b) = (await StartAsync(), await StartAsync(store: second));
        var browsers = await HotAsync(a, b);
        var snapshot = await SnapshotAsync(browsers);
        var thieves = browsers.ConvertAll(browser => browser.Copy());
        for (var i = 0; i < Many; i++)
        {
            await browsers[i].GetAsync(i % 2 == 0 ? "/destroy" : "/rotate", a);
        }

        await KnowsAsync(b, Many);
        await StopAsync(a);
        second.Replace(new InMemorySessionStore(snapshot), new StoreContinuity(StoreLoss.Everything));
        var late = await StartAsync(store: new InMemorySessionStore(snapshot));
        await KnowsAsync(late, Many);
        foreach (var thief in thieves)
        {
            Assert.Equal("", await Time.DriveAsync(thief.Copy().GetAsync("/get/color", b)));
            Assert.Equal("", await Time.DriveAsync(thief.Copy().GetAsync("/get/color", late)));
        }
    }

    [Fact]
    public async Task Session_whose_end_was_heard_of_before_an_outage_is_not_served_in_it()
    {
        var faulty = new FaultyStore(new InMemorySessionStore(Sessions));
        var (a, b) = (await StartAsync(), await StartAsync(store: faulty));
        var thieves = await EndedAsync(a, b, browser => browser.GetAsync("/destroy", a));
        faulty.Failing = StoreOperations.All;
        foreach (var thief in thieves)
        {
            var copy = thief.Copy();
            Assert.Equal("", await copy.GetAsync("/get/color", b));
            Assert.Equal(HttpStatusCode.OK, copy.LastStatus);
            await copy.GetAsync("/set/color/stolen", b);
            Assert.Equal(HttpStatusCode.ServiceUnavailable, copy.LastStatus);
        }
    }

    [Fact]
    public async Task Node_that_joins_when_the_tombstones_are_lost_learns_the_ends()
    {
        var a = await StartAsync();
        var browsers = await HotAsync(a, a);
        var snapshot = await SnapshotAsync(browsers);
        var thieves = browsers.ConvertAll(browser => browser.Copy());
        foreach (var browser in browsers)
        {
            await browser.GetAsync("/destroy", a);
        }

        await HoldsInTimeAsync(async () => await ElementsAsync(Sessions) > 0, "they are announced");
        ForgetTombstones(thieves);
        await CopyAsync(thieves, snapshot, Sessions); // As a restart from an older snapshot.
        var late = await StartAsync();
        await KnowsAsync(late, Many);
        foreach (var thief in thieves)
        {
            Assert.Equal("", await thief.GetAsync("/get/color", late));
        }
    }

    [Fact]
    public async Task End_that_is_heard_of_after_a_restore_takes_it_back()
    {
        var faulty = new FaultyStore(new InMemorySessionStore(Sessions)) { Failing = StoreOperations.MergeDocument };
        var b = await StartAsync();
        var a = await StartAsync(store: faulty, options: options => options.Outage.BreakAfter = 10_000);
        await HoldsInTimeAsync(() => b.Services.GetRequiredService<SharedEnds>().HasBeenRead, "it has begun");
        var browser = b.Browser();
        await browser.GetAsync("/set/color/red");
        var thief = browser.Copy();
        Assert.Equal("red", await thief.GetAsync("/get/color", a));
        await browser.GetAsync("/destroy", a); // Which is not announced yet.
        Sessions.Forget(LossTests.KeyOf(thief));
        Assert.Equal("red", await thief.Copy().GetAsync("/get/color", b));
        Assert.Equal(StoreReadOutcome.Found, await ReadAsync(Sessions, thief));

        faulty.Failing = StoreOperations.None;
        await HoldsInTimeAsync(
            async () => await ReadAsync(Sessions, thief) == StoreReadOutcome.Destroyed,
            "it is ended again"
        );
        Assert.Equal("", await thief.Copy().GetAsync("/get/color", b));
    }

    [Fact]
    public async Task Ends_of_two_islands_hold_in_both_when_they_meet()
    {
        var island = new InMemorySessions(Time);
        var moving = new ReplaceableStore(new InMemorySessionStore(Sessions));
        var (a, b) = (await StartAsync(), await StartAsync(store: moving));
        var browsers = await HotAsync(a, b);
        await CopyAsync(browsers, Sessions, island);
        moving.Replace(new InMemorySessionStore(island), new StoreContinuity(StoreLoss.Recent));
        await HoldsInTimeAsync(
            async () => await browsers[0].Copy().GetAsync("/get/color", b) == "red",
            "it serves on the island"
        );
        var thieves = browsers.ConvertAll(browser => browser.Copy());
        for (var i = 0; i < Many; i++)
        {
            await browsers[i].GetAsync("/destroy", i % 2 == 0 ? a : b);
        }

        await KnowsAsync(a, Many / 2);
        await KnowsAsync(b, Many / 2);
        await HoldsInTimeAsync(async () => await ElementsAsync(island) > 0, "the island has them");
        moving.Replace(new InMemorySessionStore(Sessions), new StoreContinuity(StoreLoss.Recent));
        await KnowsAsync(a, Many);
        await KnowsAsync(b, Many);
        foreach (var thief in thieves)
        {
            Assert.Equal("", await thief.Copy().GetAsync("/get/color", a));
            Assert.Equal("", await thief.Copy().GetAsync("/get/color", b));
        }
    }

    [Fact]
    public async Task Document_that_is_evicted_is_completed_by_a_node_that_knows_the_ends_of_a_dead_one()
    {
        var (a, b) = (await StartAsync(), await StartAsync());
        await EndedAsync(a, b, browser => browser.GetAsync("/destroy", a));
        await StopAsync(a);
        Sessions.ForgetDocument(SharedEnds.DocumentName);
        await HoldsInTimeAsync(async () => await ElementsAsync(Sessions) > 0, "it is completed");
        await KnowsAsync(await StartAsync(), Many);
    }

    [Fact]
    public async Task What_is_pending_of_a_session_that_another_node_has_ended_is_not_sent()
    {
        var faulty = new FaultyStore(new InMemorySessionStore(Sessions));
        var a = await StartAsync();
        var b = await StartAsync(store: faulty, options: options => options.Outage.BreakAfter = 10_000);
        var browser = a.Browser();
        await browser.GetAsync("/set/color/red", b);
        var thief = browser.Copy();
        faulty.Failing = StoreOperations.Sessions;
        Assert.Equal("blue", await thief.GetAsync("/set/color/blue", b));
        await browser.GetAsync("/destroy", a);
        await KnowsAsync(b, 1);
        Sessions.Forget(LossTests.KeyOf(thief));

        faulty.Failing = StoreOperations.None;
        await HoldsInTimeAsync(() => b.Services.GetRequiredService<PendingSessions>().Count == 0, "nothing is pending");
        Assert.Equal(StoreReadOutcome.Destroyed, await ReadAsync(Sessions, thief));
        Assert.Equal("", await thief.GetAsync("/get/color", b));
    }

    [Fact]
    public async Task What_is_pending_of_a_session_whose_id_another_node_has_rotated_goes_along()
    {
        var faulty = new FaultyStore(new InMemorySessionStore(Sessions));
        var a = await StartAsync();
        var b = await StartAsync(store: faulty, options: options => options.Outage.BreakAfter = 10_000);
        var browser = a.Browser();
        await browser.GetAsync("/set/color/red", b);
        var old = browser.Copy();
        faulty.Failing = StoreOperations.Sessions;
        Assert.Equal("large", await old.GetAsync("/set/size/large", b));
        Time.Advance(TimeSpan.FromMilliseconds(1));
        await browser.GetAsync("/rotate", a);
        await KnowsAsync(b, 1);
        Sessions.Forget(LossTests.KeyOf(old));

        faulty.Failing = StoreOperations.None;
        await HoldsInTimeAsync(() => b.Services.GetRequiredService<PendingSessions>().Count == 0, "nothing is pending");
        await HoldsInTimeAsync(async () => await browser.GetAsync("/keys", a) == "color,size", "it went along");
        Assert.Equal(StoreReadOutcome.Destroyed, await ReadAsync(Sessions, old));
    }

    [Fact]
    public async Task End_that_the_journal_has_taken_is_announced_though_its_partition_does_not_respond()
    {
        var faulty = new FaultyStore(new InMemorySessionStore(Sessions));
        var a = await StartAsync(store: faulty, options: options => options.Outage.BreakAfter = 10_000);
        var b = await StartAsync();
        var browser = a.Browser();
        await browser.GetAsync("/set/color/red");
        var thief = browser.Copy();
        Assert.Equal("red", await thief.GetAsync("/get/color", b));
        faulty.Failing = StoreOperations.Sessions;
        await browser.GetAsync("/destroy", a);
        await KnowsAsync(b, 1);
        Assert.Equal("", await thief.GetAsync("/get/color", b));
    }

    [Fact]
    public async Task Element_of_another_release_is_left_as_it_is_and_the_others_are_read()
    {
        var store = new InMemorySessionStore(Sessions);
        var foreign = new DocumentElement(new byte[14], 1, new byte[] { 9, 9 }, TimeSpan.FromHours(1));
        await store.MergeDocumentAsync(SharedEnds.DocumentName, [foreign], TimeSpan.FromHours(1), default);
        var (a, b) = (await StartAsync(), await StartAsync());
        await EndedAsync(a, b, browser => browser.GetAsync("/destroy", a));
        Assert.True(Logs.Count("EndsMalformed") > 0);
        var document = await store.ReadDocumentAsync(SharedEnds.DocumentName, default, default);
        Assert.Contains(document.Elements, element => element.Payload.Span.SequenceEqual(foreign.Payload.Span));
    }

    [Fact]
    public async Task Node_that_shuts_down_has_announced_what_it_ended()
    {
        var (a, b) = (await StartAsync(), await StartAsync());
        var browser = a.Browser();
        await browser.GetAsync("/set/color/red");
        await browser.GetAsync("/destroy");
        await browser.GetAsync("/set/color/blue");
        await browser.GetAsync("/destroy"); // Within the pause after the first one.
        await a.DrainAsync();
        await KnowsAsync(b, 2);
    }

    private static async Task<StoreReadOutcome> ReadAsync(InMemorySessions sessions, TestBrowser browser) =>
        (await new InMemorySessionStore(sessions).ReadAsync(LossTests.KeyOf(browser), default, default)).Outcome;

    private static async Task<int> ElementsAsync(InMemorySessions sessions) =>
        (await new InMemorySessionStore(sessions).ReadDocumentAsync(SharedEnds.DocumentName, default, default))
            .Elements
            .Count;

    private Task KnowsAsync(TestNode node, int ends) =>
        HoldsInTimeAsync(() => node.Services.GetRequiredService<KnownEnds>().Count == ends, "it knows the ends");

    /// <summary>Sessions of which both nodes have a copy.</summary>
    private static async Task<List<TestBrowser>> HotAsync(TestNode a, TestNode b)
    {
        var browsers = new List<TestBrowser>();
        for (var i = 0; i < Many; i++)
        {
            var browser = a.Browser();
            await browser.GetAsync("/set/color/red");
            Assert.Equal("red", await browser.GetAsync("/get/color", b));
            browsers.Add(browser);
        }

        return browsers;
    }

    /// <summary>
    /// Such sessions, ended, and the other node has heard of that: browsers that keep the cookie.
    /// </summary>
    private async Task<List<TestBrowser>> EndedAsync(TestNode a, TestNode b, Func<TestBrowser, Task> end)
    {
        var browsers = await HotAsync(a, b);
        var thieves = browsers.ConvertAll(browser => browser.Copy());
        foreach (var browser in browsers)
        {
            await end(browser);
        }

        await KnowsAsync(b, Many);
        return thieves;
    }

    private void ForgetTombstones(List<TestBrowser> browsers) =>
        browsers.ForEach(browser => Sessions.Forget(LossTests.KeyOf(browser)));

    private async Task<InMemorySessions> SnapshotAsync(List<TestBrowser> browsers)
    {
        var snapshot = new InMemorySessions(Time);
        await CopyAsync(browsers, Sessions, snapshot);
        return snapshot;
    }

    private static async Task CopyAsync(List<TestBrowser> browsers, InMemorySessions from, InMemorySessions to)
    {
        var (source, target) = (new InMemorySessionStore(from), new InMemorySessionStore(to));
        foreach (var key in browsers.ConvertAll(LossTests.KeyOf))
        {
            var record = (await source.ReadAsync(key, default, default)).Record!;
            await target.MergeAsync(
                key,
                new SessionMerge(record, record.Version, MergeMode.Create, TimeSpan.FromHours(1)),
                default
            );
        }
    }
}
