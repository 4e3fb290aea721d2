using ClusterSession.Records;
using ClusterSession.Stores.InMemory;
using ClusterSession.TestKit.Metrics;
using ClusterSession.TestKit.Nodes;
using ClusterSession.TestKit.Servers;
using ClusterSession.TestKit.Stores;
using ClusterSession.Tests.Nodes;
using Microsoft.Extensions.DependencyInjection;
using Xunit;

namespace ClusterSession.Tests.Recovery;

/// <summary>
/// The store is behind what nodes and clients have: which node restores what, and what happens if
/// nobody can (V02, V04, V07).
/// </summary>
public sealed class RepairTests : NodeTests
{
    private readonly InMemorySessions _behind;

    public RepairTests() => _behind = new InMemorySessions(Time);

    [Fact]
    public async Task Cookie_ahead_of_everybody_is_flagged_after_a_few_questions_and_the_session_goes_on()
    {
        var a = await StartAsync(options: OneKey);
        var browser = a.Browser();
        await browser.GetAsync("/set/color/red");
        await CopyToBehindAsync(browser);
        await browser.GetAsync("/set/color/blue");
        var counted = new CountingStore(new InMemorySessionStore(_behind));
        var b = await StartAsync(options: OneKey, store: counted);
        Time.Advance(TimeSpan.FromSeconds(11)); // A would have sent it.
        using var regressions = new CounterReading(b.Services, "clustersession.regressions");

        Assert.Equal("red", await Time.DriveAsync(browser.GetAsync("/get/color", b)));
        Assert.Equal(1, regressions.Value);
        // Asked again in case somebody repairs it, and not for ever.
        Assert.InRange(counted.Count(StoreOperations.Sessions), 2, 12);

        // What the client writes now it has seen; from then on nothing is behind any more.
        await Time.DriveAsync(browser.GetAsync("/set/color/green", b));
        Assert.Equal("False", await browser.GetAsync("/regressed", b));
        Assert.Equal("green", await browser.GetAsync("/get/color", b));
    }

    [Fact]
    public async Task Client_that_was_shown_a_loss_is_not_held_up_again_for_it_and_the_loss_is_counted_once()
    {
        var a = await StartAsync(options: OneKey);
        var browser = a.Browser();
        await browser.GetAsync("/set/color/red");
        await CopyToBehindAsync(browser);
        await browser.GetAsync("/set/color/blue");
        var b = await StartAsync(options: OneKey, store: new InMemorySessionStore(_behind));
        using var regressions = new CounterReading(b.Services, "clustersession.regressions");
        var older = browser.Copy();
        await Time.DriveAsync(browser.GetOnceFoundAsync("/get/color", b)); // A has it, and cannot store it at B's.

        // Time stands still: a wait would not end.
        for (var i = 0; i < 3; i++)
        {
            Assert.Equal("True", await browser.GetAsync("/regressed", b));
        }

        Assert.Equal("green", await browser.GetAsync("/set/color/green", b));
        Assert.Equal("False", await browser.GetAsync("/regressed", b));
        Assert.Equal("green", await older.GetAsync("/get/color", b));
        Assert.Equal(1, regressions.Value);
        Assert.Equal(1, Logs.Count("SessionRegressed"));
    }

    [Theory]
    [InlineData(true, true)]
    [InlineData(true, false)]
    [InlineData(false, true)]
    [InlineData(false, false)]
    public async Task Change_after_a_loss_that_the_client_was_shown_wins_over_what_comes_back_later(
        bool isRemoval,
        bool isShownBefore
    )
    {
        var flaky = new FaultyStore(new InMemorySessionStore(Sessions));
        var a = await StartAsync(options: OneKey, store: flaky);
        var b = await StartAsync(options: OneKey);
        var browser = a.Browser();
        await browser.GetAsync("/set/size/large", a);
        flaky.Failing = StoreOperations.All;
        await browser.GetAsync(isRemoval ? "/set/color/red" : "/set/size/small", a); // Acknowledged from A's journal.
        if (isShownBefore)
        {
            Assert.Equal("True", await Time.DriveAsync(browser.GetOnceFoundAsync("/regressed", b)));
        }

        await Time.DriveAsync(browser.GetOnceFoundAsync(isRemoval ? "/remove/color" : "/set/size/large", b));
        flaky.Failing = StoreOperations.None;
        await Time.DriveAsync(
            Condition.HoldsAsync(
                () => a.Services.GetRequiredService<ISessionManager>().GetStatistics().UnsavedSessions == 0,
                "A has sent its journal"
            )
        );

        foreach (var node in new[] { a, b, await StartAsync(options: OneKey) })
        {
            Assert.Equal("large", await Time.DriveAsync(browser.Copy().GetAsync("/get/size", node)));
            Assert.NotEqual("red", await Time.DriveAsync(browser.Copy().GetAsync("/get/color", node)));
        }
    }

    [Fact]
    public async Task Another_commit_that_is_missing_is_waited_for_and_counted_although_one_was_missed_before()
    {
        var a = await StartAsync(options: OneKey);
        var browser = a.Browser();
        await browser.GetAsync("/set/color/red");
        await CopyToBehindAsync(browser);
        await browser.GetAsync("/set/color/blue");
        var counted = new CountingStore(new InMemorySessionStore(_behind));
        var b = await StartAsync(options: OneKey, store: counted);
        Time.Advance(TimeSpan.FromSeconds(11)); // A would have sent it.
        using var regressions = new CounterReading(b.Services, "clustersession.regressions");
        await Time.DriveAsync(browser.GetAsync("/get/color", b));

        await browser.GetAsync("/set/color/yellow", a);
        Time.Advance(TimeSpan.FromSeconds(11));
        var before = counted.Count(StoreOperations.Sessions);
        Assert.Equal("True", await Time.DriveAsync(browser.GetAsync("/regressed", b)));
        Assert.InRange(counted.Count(StoreOperations.Sessions) - before, 2, 12);
        Assert.Equal(2, regressions.Value);
    }

    [Fact]
    public async Task Two_nodes_that_repair_the_same_session_at_once_leave_in_the_store_what_both_have()
    {
        var (first, second) = (Replaceable(), Replaceable());
        var (gateA, gateB) = (new GatedStore(first), new GatedStore(second));
        var (a, b) = (await StartAsync(options: OneKey, store: gateA), await StartAsync(options: OneKey, store: gateB));
        var browser = a.Browser();
        await browser.GetAsync("/set/color/red", a);
        await CopyToBehindAsync(browser);
        await browser.GetAsync("/set/size/large", a);
        var tab = browser.Copy();
        await browser.GetAsync("/set/shape/round", b);
        first.Replace(new InMemorySessionStore(_behind));
        second.Replace(new InMemorySessionStore(_behind));

        gateA.Holding = gateB.Holding = StoreOperations.Read;
        var (one, two) = (tab.GetAsync("/regressed", a), browser.GetAsync("/regressed", b));
        await Condition.HoldsAsync(
            () => gateA.Held == 1 && gateB.Held == 1,
            "both nodes have seen that the store is behind"
        );
        gateA.Open();
        gateB.Open();

        Assert.Equal(["False", "False"], await Time.DriveAsync(Task.WhenAll(one, two)));
        var c = await StartAsync(options: OneKey, store: new InMemorySessionStore(_behind));
        foreach (var node in new[] { a, b, c })
        {
            Assert.Equal("color,shape,size", await Time.DriveAsync(browser.GetAsync("/keys", node)));
        }
    }

    [Fact]
    public async Task Old_cookie_shows_the_newest_state_on_a_node_without_a_copy_too()
    {
        var (a, b) = (await StartAsync(), await StartAsync());
        var browser = a.Browser();
        await browser.GetAsync("/set/color/v0");
        var old = browser.Copy();
        for (var i = 1; i <= 12; i++) // More than a record names one by one.
        {
            await browser.GetAsync($"/set/color/v{i}");
        }

        Assert.Equal("v12", await old.GetAsync("/get/color", b));
        Assert.Equal("False", await old.GetAsync("/regressed", b));
    }

    private ReplaceableStore Replaceable() => new(new InMemorySessionStore(Sessions));

    /// <summary>
    /// Keys of their own, so that nodes of different stores take each other's cookies.
    /// </summary>
    private static void OneKey(ClusterSessionOptions options) =>
        options.Keys.Add(new SessionKeyOptions { Id = 1, Secret = "q8Jx0r1mT3nVfYw5uZ7cKd2eHg4iLoPbRsAtNyXzCvU=" });

    private async Task CopyToBehindAsync(TestBrowser browser)
    {
        Assert.True(SessionId.TryParse(browser.Id!, out var id));
        var key = SessionKey.Of(id);
        var record = (await new InMemorySessionStore(Sessions).ReadAsync(key, SessionVersion.None, default)).Record!;
        await new InMemorySessionStore(_behind).MergeAsync(
            key,
            new SessionMerge(record, record.Version, MergeMode.Create, TimeSpan.FromHours(1)),
            default
        );
    }
}
