using ClusterSession.Records;
using ClusterSession.Stores;
using ClusterSession.Stores.InMemory;
using ClusterSession.TestKit.Nodes;
using ClusterSession.TestKit.Stores;
using ClusterSession.Tests.Nodes;
using ClusterSession.Tests.Opening;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Xunit;

namespace ClusterSession.Tests.Recovery;

/// <summary>
/// Two nodes commit to one session at once, A before B, and a replica takes over that has neither
/// commit. The client's cookie names the commit of B: where that is found, the one of A must be
/// too.
/// </summary>
public sealed class ReplayOrderTests : NodeTests
{
    private readonly ReplaceableStore _storeOfA;
    private readonly ReplaceableStore _replaceable;
    private readonly FaultyStore _storeOfB;
    private readonly InMemorySessions _replica;

    public ReplayOrderTests()
    {
        _storeOfA = new ReplaceableStore(new InMemorySessionStore(Sessions));
        _replaceable = new ReplaceableStore(new InMemorySessionStore(Sessions));
        _storeOfB = new FaultyStore(_replaceable);
        _replica = new InMemorySessions(Time);
    }

    [Fact]
    public async Task Commit_is_replayed_with_what_another_node_had_committed_before_it()
    {
        var (browser, _, _) = await CommitAtOnceAsync(canReadAnew: true);

        TakeOver(_replaceable);
        await HoldsInTimeAsync(() => Logs.Count("ReplayDone") == 1, "B has replayed");

        Assert.Equal(["color", "shape", "size"], await StoredAsync(browser));
    }

    [Fact]
    public async Task Commit_that_lacks_what_another_node_had_committed_before_it_waits_for_that()
    {
        var (browser, a, b) = await CommitAtOnceAsync(canReadAnew: false);

        TakeOver(_replaceable);
        await HoldsInTimeAsync(() => Logs.Count("ReplayDone") == 1, "B has tried");
        Assert.Equal(["color"], await StoredAsync(browser));

        TakeOver(_storeOfA);
        await HoldsInTimeAsync(async () => (await StoredAsync(browser)).Count == 3, "both are back");
        Assert.Equal("False", await Time.DriveAsync(browser.GetAsync("/regressed", a)));
        Assert.Equal("color,shape,size", await browser.GetAsync("/keys", b));
    }

    [Fact]
    public async Task Commit_that_nobody_completes_is_stored_in_the_end()
    {
        var (browser, _, _) = await CommitAtOnceAsync(canReadAnew: false);

        TakeOver(_replaceable);
        await HoldsInTimeAsync(async () => (await StoredAsync(browser)).Count == 2, "B stores what it has");

        Assert.Equal(["color", "size"], await StoredAsync(browser));
    }

    [Fact]
    public async Task Commit_that_lacks_another_nodes_commit_waits_for_it_however_long_the_store_is_away()
    {
        var (browser, _, _) = await CommitAtOnceAsync(canReadAnew: false);
        _storeOfB.Failing = StoreOperations.Merge;
        TakeOver(_replaceable);
        await HoldsInTimeAsync(
            () => Logs.Count("ReplayDone") > 6,
            "B has tried more often than it would wait for an answering store"
        );

        _storeOfB.Failing = StoreOperations.None;
        var rounds = Logs.Count("ReplayDone");
        await HoldsInTimeAsync(() => Logs.Count("ReplayDone") > rounds, "B has tried again");
        Assert.Equal(["color"], await StoredAsync(browser));

        TakeOver(_storeOfA);
        await HoldsInTimeAsync(async () => (await StoredAsync(browser)).Count == 3, "both are back");
    }

    [Fact]
    public async Task Node_that_is_drained_while_it_waits_for_anothers_commit_stores_what_it_has()
    {
        var (browser, _, b) = await CommitAtOnceAsync(canReadAnew: false);

        TakeOver(_replaceable);
        await HoldsInTimeAsync(() => Logs.Count("ReplayDone") == 1, "B has tried");
        await b.DrainAsync();

        Assert.Equal(["color", "size"], await StoredAsync(browser));
    }

    [Fact]
    public async Task Node_that_is_drained_right_after_a_failover_replays_at_once_what_the_new_server_lacks()
    {
        var (browser, _, b) = await CommitAtOnceAsync(canReadAnew: true);

        TakeOver(_replaceable);
        await b.DrainAsync(); // Time stands still: it would wait for its moment otherwise.

        Assert.Equal(["color", "shape", "size"], await StoredAsync(browser));
    }

    [Fact]
    public async Task Node_that_is_drained_while_the_store_is_not_responding_waits_for_who_comes_instead()
    {
        var (browser, _, b) = await CommitAtOnceAsync(canReadAnew: true);
        _storeOfB.Failing = StoreOperations.All;

        var draining = b.DrainAsync();
        Time.Advance(TimeSpan.FromSeconds(5));
        Assert.False(draining.IsCompleted);
        TakeOver(_replaceable);
        _storeOfB.Failing = StoreOperations.None;
        await Time.DriveAsync(draining);

        Assert.Equal(["color", "shape", "size"], await StoredAsync(browser));
        Assert.Equal(0, Logs.Count("ReplayCutShort"));
    }

    [Fact]
    public async Task Node_that_is_drained_while_the_store_is_not_responding_says_what_may_be_lost()
    {
        var (_, _, b) = await CommitAtOnceAsync(canReadAnew: true);
        _storeOfB.Failing = StoreOperations.All;

        await Time.DriveAsync(b.DrainAsync());

        Assert.Equal(1, Logs.Count("ReplayCutShort"));
        Environment.ExitCode = 0; // Of the test's process.
    }

    [Fact]
    public async Task Request_at_the_node_that_lacks_it_is_flagged_and_does_not_store_its_part_first()
    {
        var (browser, _, b) = await CommitAtOnceAsync(canReadAnew: false);
        _replaceable.Replace(new InMemorySessionStore(_replica)); // Without notice, so that nothing is replayed.

        var asking = browser.GetAsync("/regressed", b);
        Assert.Equal(["color"], await StoredAsync(browser));

        Assert.Equal("True", await Time.DriveAsync(asking));
        Assert.Equal(["color", "size"], await StoredAsync(browser));
    }

    /// <summary>A browser whose cookie names the commit of B, and the two nodes.</summary>
    private async Task<(TestBrowser Browser, TestNode A, TestNode B)> CommitAtOnceAsync(bool canReadAnew)
    {
        TestBrowser browser = null!;
        var a = await StartAsync(store: _storeOfA);
        var b = await StartAsync(endpoints => endpoints.MapGet("/beside", async (HttpContext context) =>
                {
                    await browser.Copy().GetAsync("/set/shape/round", a);
                    _storeOfB.Failing = canReadAnew ? StoreOperations.None : StoreOperations.Read;
                    context.Session.SetString("size", "xl");
                }), store: _storeOfB);
        browser = b.Browser();
        await browser.GetAsync("/set/color/red");
        var record = (await _storeOfA.ReadAsync(LossTests.KeyOf(browser), default, default)).Record!;
        await new InMemorySessionStore(_replica).MergeAsync(
            LossTests.KeyOf(browser),
            new SessionMerge(record, record.Version, MergeMode.Create, TimeSpan.FromHours(1)),
            default
        );

        await browser.GetAsync("/beside");
        if (canReadAnew)
        {
            Assert.Equal("color,shape,size", await browser.GetAsync("/keys"));
        }

        _storeOfB.Failing = StoreOperations.None;
        return (browser, a, b);
    }

    private void TakeOver(ReplaceableStore store) =>
        store.Replace(new InMemorySessionStore(_replica), new StoreContinuity(StoreLoss.Recent));

    private async Task<IReadOnlyList<string>> StoredAsync(TestBrowser browser)
    {
        var record = (
            await new InMemorySessionStore(_replica).ReadAsync(LossTests.KeyOf(browser), default, default)
        ).Record!;
        var names = new List<string>();
        foreach (var attribute in record)
        {
            names.Add(attribute.Name);
        }

        return names; // By name: a record keeps them so.
    }
}
