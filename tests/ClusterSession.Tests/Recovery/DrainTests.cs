using ClusterSession.Records;
using ClusterSession.Stores;
using ClusterSession.Stores.InMemory;
using ClusterSession.TestKit.Nodes;
using ClusterSession.TestKit.Stores;
using ClusterSession.Tests.Nodes;
using ClusterSession.Tests.Opening;
using Xunit;

namespace ClusterSession.Tests.Recovery;

/// <summary>
/// A node that is asked to shut down takes with it nothing that the store lacks, or says so (A04,
/// A05).
/// </summary>
public sealed class DrainTests : NodeTests
{
    private readonly ReplaceableStore _replaceable;
    private readonly PoisonedStore _poisoned;
    private readonly FaultyStore _store;
    private readonly InMemorySessions _replica;

    public DrainTests()
    {
        _replaceable = new ReplaceableStore(new InMemorySessionStore(Sessions));
        _poisoned = new PoisonedStore(_replaceable) { Failure = StoreFailure.Unreachable, IsDown = true };
        _store = new FaultyStore(_poisoned);
        _replica = new InMemorySessions(Time);
    }

    [Fact]
    public async Task Nothing_is_said_where_nothing_is_open_though_there_is_no_time()
    {
        var (node, _) = await CommitAsync(options => options.Outage.DrainTimeout = TimeSpan.Zero);

        await node.DrainAsync();

        Assert.Equal(0, Logs.Count("ReplayCutShort"));
    }

    [Fact]
    public async Task Store_that_is_away_for_longer_than_the_replay_window_is_waited_for()
    {
        var (node, key) = await CommitAsync();
        _store.Failing = StoreOperations.All;
        Time.Advance(2 * new OutageOptions().ReplayWindow);

        var draining = node.DrainAsync();
        TakeOver();
        _store.Failing = StoreOperations.None;
        await Time.DriveAsync(draining);

        Assert.True(await IsStoredAsync(key));
    }

    [Fact]
    public async Task Drain_ends_in_its_time_though_each_operation_of_the_store_takes_longer()
    {
        var frozen = new FrozenStore(new InMemorySessionStore(Sessions), Time, TimeSpan.FromMinutes(1));
        var outage = new OutageOptions { DrainTimeout = TimeSpan.FromSeconds(2) };
        var node = await StartAsync(store: frozen, options: options => options.Outage = outage);
        var browser = node.Browser();
        await browser.GetAsync("/set/color/red");
        frozen.IsFrozen = true;
        await Time.DriveAsync(browser.GetAsync("/set/color/blue"));
        Assert.Equal(1, node.Unsaved());

        var begun = Time.GetTimestamp();
        await Time.DriveAsync(node.DrainAsync());

        Assert.InRange(Time.GetElapsedTime(begun), outage.DrainTimeout, outage.DrainTimeout + (3 * outage.HardTimeout));
        Assert.Equal(1, Logs.Count("JournalNotDrained"));
        Environment.ExitCode = 0; // Of the test's process.
    }

    [Fact]
    public async Task Shard_that_is_not_responding_is_waited_for_while_the_others_answer()
    {
        var (node, key) = await CommitAsync();
        _poisoned.IsPoison = poison => poison == key;

        var draining = node.DrainAsync();
        Time.Advance(TimeSpan.FromSeconds(5));
        Assert.False(draining.IsCompleted);
        TakeOver();
        _poisoned.IsPoison = static _ => false;
        await Time.DriveAsync(draining);

        Assert.True(await IsStoredAsync(key));
        Assert.Equal(0, Logs.Count("ReplayCutShort"));
    }

    [Fact]
    public async Task Server_that_takes_over_while_the_journal_drains_is_given_what_it_lacks_too()
    {
        var (node, key) = await CommitAsync();
        var other = node.Browser();
        await other.GetAsync("/set/color/green");
        _store.Failing = StoreOperations.Commit | StoreOperations.Merge;
        await other.GetAsync("/set/color/blue");
        Assert.Equal(1, node.Unsaved());

        var draining = node.DrainAsync();
        TakeOver();
        _store.Failing = StoreOperations.None;
        await Time.DriveAsync(draining);

        Assert.True(await IsStoredAsync(key));
    }

    [Fact]
    public async Task Commit_whose_replay_is_not_answered_is_replayed_again_though_the_journal_has_no_room()
    {
        var (_, key) = await CommitAsync(options => options.Outage.JournalSessions = 0);
        _store.Failing = StoreOperations.Merge;
        TakeOver();
        await HoldsInTimeAsync(() => Logs.Count("JournalFull") > 0, "there was no room");

        _store.Failing = StoreOperations.None;

        await HoldsInTimeAsync(() => IsStoredAsync(key), "it is restored");
    }

    [Fact]
    public async Task What_can_neither_be_replayed_nor_kept_is_reported_at_once()
    {
        var (node, _) = await CommitAsync(options => options.Outage.JournalSessions = 0);
        _store.Failing = StoreOperations.Merge;
        TakeOver();

        await node.DrainAsync(); // Time stands still: nothing is waited for that would not help.

        Assert.Equal(1, Logs.Count("ReplayCutShort"));
        Environment.ExitCode = 0; // Of the test's process.
    }

    [Fact]
    public async Task Ends_that_a_server_which_took_over_certainly_has_are_not_sent_to_it_again()
    {
        var counting = new CountingStore(_store);
        var node = await StartAsync(store: counting);
        await EndOneAsync(node);
        Time.Advance(TimeSpan.FromSeconds(10));
        var safeUntil = Time.GetTimestamp();
        Time.Advance(TimeSpan.FromSeconds(10));
        await EndOneAsync(node);
        counting.Reset();

        _replaceable.Replace(new InMemorySessionStore(_replica), new StoreContinuity(StoreLoss.Recent, safeUntil));
        await HoldsInTimeAsync(() => Logs.Count("ReplayDone") > 0, "it is given what it may lack");

        Assert.Equal(1, counting.Count(StoreOperations.Destroy));
    }

    private static async Task EndOneAsync(TestNode node)
    {
        var browser = node.Browser();
        await browser.GetAsync("/set/color/red");
        await browser.GetAsync("/destroy");
    }

    private async Task<(TestNode Node, SessionKey Key)> CommitAsync(Action<ClusterSessionOptions>? options = null)
    {
        var node = await StartAsync(store: _store, options: options);
        var browser = node.Browser();
        await browser.GetAsync("/set/color/red");
        return (node, LossTests.KeyOf(browser));
    }

    private void TakeOver() =>
        _replaceable.Replace(new InMemorySessionStore(_replica), new StoreContinuity(StoreLoss.Recent));

    private async Task<bool> IsStoredAsync(SessionKey key) =>
        (await new InMemorySessionStore(_replica).ReadAsync(key, default, default)).Outcome == StoreReadOutcome.Found;
}
