using ClusterSession.Recovery;
using ClusterSession.Stores;
using ClusterSession.Stores.InMemory;
using ClusterSession.TestKit.Metrics;
using ClusterSession.TestKit.Nodes;
using ClusterSession.TestKit.Stores;
using ClusterSession.Tests.Nodes;
using ClusterSession.Tests.Opening;
using Microsoft.Extensions.DependencyInjection;
using Xunit;

namespace ClusterSession.Tests.Recovery;

/// <summary>
/// A store of three partitions, of which one does not respond or was replaced: the sessions of the
/// others notice nothing. Time stands still where a request of theirs is made, so that one that
/// waited would not come back.
/// </summary>
public sealed class PartitionTests : NodeTests
{
    private const int Parts = 3;
    private const int Out = 1;
    private const int Each = 8;

    private readonly InMemorySessions[] _sessions;
    private readonly ReplaceableStore[] _servers;
    private readonly FrozenStore[] _frozen;
    private readonly CountingStore[] _counts;
    private readonly PartitionedStore _store;
    private readonly int[] _begun = new int[Parts];

    public PartitionTests()
    {
        _sessions = [.. Enumerable.Range(0, Parts).Select(_ => new InMemorySessions(Time))];
        _servers = [.. _sessions.Select(sessions => new ReplaceableStore(new InMemorySessionStore(sessions)))];
        _frozen = [.. _servers.Select(server => new FrozenStore(server, Time, new OutageOptions().HardTimeout))];
        _counts = [.. _frozen.Select(store => new CountingStore(store))];
        _store = new PartitionedStore([.. _counts]);
    }

    [Fact]
    public async Task Requests_of_other_partitions_neither_wait_nor_fail_while_one_is_frozen()
    {
        var browsers = await BeginAsync(await StartAsync(store: _store));
        var cold = await StartColdAsync();
        _frozen[Out].IsFrozen = true;
        var stuck = browsers[Out].Select(browser => browser.GetAsync("/get/color", cold)).ToArray();
        await Condition.HoldsAsync(() => _frozen[Out].Waiting == stuck.Length, "they wait for the frozen one");

        foreach (var browser in Others(browsers))
        {
            Assert.Equal("red", await browser.GetAsync("/get/color", cold));
            Assert.Equal("blue", await browser.GetAsync("/set/color/blue", cold));
        }

        Assert.Equal((stuck.Length, 0), (_frozen[Out].Waiting, _frozen[Out].GivenUp));
        await Time.DriveAsync(Task.WhenAll(stuck));
        Assert.All(browsers[Out], static browser => Assert.Equal(503, (int)browser.LastStatus));
        Assert.Equal([true, false, true], cold.Figures().Partitions.Select(static partition => partition.IsResponding));
        foreach (var browser in Others(browsers))
        {
            Assert.Equal("green", await browser.GetAsync("/set/color/green", cold));
        }
    }

    [Fact]
    public async Task Nobody_new_begins_in_a_partition_that_does_not_respond()
    {
        var node = await StartAsync(store: _store);
        var browsers = await BeginAsync(node);
        await BreakAsync(browsers);
        var before = _sessions[Out].Count;

        for (var i = 0; i < 30; i++)
        {
            var browser = node.Browser();
            Assert.Equal("red", await browser.GetAsync("/set/color/red"));
            Assert.Equal(200, (int)browser.LastStatus);
        }

        Assert.Equal(before, _sessions[Out].Count);
    }

    [Fact]
    public async Task No_session_of_another_partition_expires_in_use_while_one_is_frozen()
    {
        var node = await StartAsync(store: _store);
        var browsers = await BeginAsync(node);
        _frozen[Out].IsFrozen = true;
        foreach (var count in _counts)
        {
            count.Reset();
        }

        for (var i = 1; i <= 15; i++)
        {
            Time.Advance(new ClusterSessionOptions().IdleTimeout / 5);
            foreach (var browser in browsers.SelectMany(static of => of))
            {
                Assert.Equal("red", await browser.GetAsync("/get/color", node));
            }

            await HoldsInTimeAsync(
                () =>
                    _counts
                        .Where((_, part) => part != Out)
                        .All(count => count.Count(StoreOperations.Touch) >= i * Each),
                "the sessions of the others are prolonged"
            );
        }

        var cold = await StartColdAsync();
        foreach (var browser in Others(browsers))
        {
            Assert.Equal("red", await browser.GetAsync("/get/color", cold));
        }

        Assert.True(_frozen[Out].GivenUp > 0);
        _counts[Out].Reset();
        _frozen[Out].IsFrozen = false;
        await HoldsInTimeAsync(
            () => _counts[Out].Count(StoreOperations.Touch) >= Each,
            "its own are told of as soon as it is back"
        );
    }

    [Fact]
    public async Task Only_the_sessions_of_the_partition_that_was_replaced_are_replayed()
    {
        var node = await StartAsync(store: _store);
        var browsers = await BeginAsync(node);
        foreach (var browser in browsers.Select(static of => of[0]))
        {
            await browser.GetAsync("/destroy");
        }

        using var replayed = new CounterReading(node.Services, "clustersession.replayed");
        foreach (var count in _counts)
        {
            count.Reset();
        }

        var replica = new InMemorySessions(Time);
        _servers[Out].Replace(new InMemorySessionStore(replica), new StoreContinuity(StoreLoss.Everything));
        await HoldsInTimeAsync(() => replica.Count == _begun[Out], "it has its sessions, and the end of one");
        await HoldsInTimeAsync(() => node.Services.GetRequiredService<StoreRecovery>().IsSettled, "the replay is over");

        Assert.Equal(_begun[Out], replayed.Value);
        Assert.Equal([0, 0], Others(_counts).Select(static count => count.Count(StoreOperations.Sessions)));
        var cold = await StartAsync(
            store: new PartitionedStore(
                new InMemorySessionStore(_sessions[0]),
                new InMemorySessionStore(replica),
                new InMemorySessionStore(_sessions[2])
            )
        );
        foreach (var browser in browsers.SelectMany(static of => of.Skip(1)))
        {
            Assert.Equal("red", await browser.GetAsync("/get/color", cold));
        }
    }

    [Fact]
    public async Task Only_keys_of_the_partition_that_was_replaced_are_waited_for_and_may_have_lost_ends()
    {
        var node = await StartAsync(store: _store);
        var browsers = await BeginAsync(node);
        _servers[Out].Reconnect(new StoreContinuity(StoreLoss.Recent));

        var recovery = node.Services.GetRequiredService<StoreRecovery>();
        for (var part = 0; part < Parts; part++)
        {
            var window = recovery.WindowOf(LossTests.KeyOf(browsers[part][0]));
            Assert.Equal(
                (part == Out, part == Out, part == Out, part == Out),
                (window.IsUnderWay, window.HasJustBegun, window.MayHaveLostEnds, window.HasBegunSince(0))
            );
        }
    }

    [Fact]
    public async Task Commits_that_wait_for_a_frozen_partition_hold_up_none_of_another()
    {
        var node = await StartAsync(store: _store, options: static options =>
            options.Durability = SessionDurability.Local
        );
        var browsers = await BeginAsync(node);
        await HoldsInTimeAsync(() => node.Unsaved() == 0, "all are stored");
        _frozen[Out].IsFrozen = true;

        foreach (var browser in browsers.SelectMany(static of => of))
        {
            await browser.GetAsync("/set/color/blue");
        }

        await HoldsInTimeAsync(() => node.Unsaved() == Each, "the commits of the others are stored");

        Assert.Equal(0, _frozen[Out].GivenUp);
        _frozen[Out].IsFrozen = false;
        await HoldsInTimeAsync(() => node.Unsaved() == 0, "its own follow");
    }

    [Fact]
    public async Task Replay_that_waits_for_a_frozen_partition_holds_up_none_of_another()
    {
        var node = await StartAsync(store: _store);
        var browsers = await BeginAsync(node);
        var (frozen, replica) = (new InMemorySessions(Time), new InMemorySessions(Time));
        _frozen[Out].IsFrozen = true;
        _servers[Out].Replace(new InMemorySessionStore(frozen), new StoreContinuity(StoreLoss.Recent));
        await HoldsInTimeAsync(() => _frozen[Out].Waiting > 0, "its replay waits");

        _servers[2].Replace(new InMemorySessionStore(replica), new StoreContinuity(StoreLoss.Recent));
        await HoldsInTimeAsync(() => replica.Count == _begun[2], "the other one has its sessions back");

        Assert.Equal(0, _frozen[Out].GivenUp);
        Assert.Equal("red", await browsers[2][0].GetAsync("/get/color", node));
    }

    [Fact]
    public async Task Keys_that_move_while_they_are_being_replayed_are_replayed_where_they_are()
    {
        await BeginAsync(await StartAsync(store: _store));
        _frozen[Out].IsFrozen = true;
        _servers[Out]
            .Replace(new InMemorySessionStore(new InMemorySessions(Time)), new StoreContinuity(StoreLoss.Recent));
        await HoldsInTimeAsync(() => _frozen[Out].Waiting > 0, "the replay waits");

        _store.Move(Out, to: 2);

        await HoldsInTimeAsync(() => _sessions[2].Count == _begun[2] + _begun[Out], "they are in the other partition");
    }

    private static IEnumerable<T> Others<T>(IEnumerable<T> ofParts) => ofParts.Where((_, part) => part != Out);

    private static IEnumerable<TestBrowser> Others(TestBrowser[][] browsers) =>
        Others<TestBrowser[]>(browsers).SelectMany(static of => of);

    /// <summary>A node that has no local copies.</summary>
    private async Task<TestNode> StartColdAsync()
    {
        var node = await StartAsync(store: new PartitionedStore([.. _frozen]));
        await node.Browser().GetAsync("/untouched");
        return node;
    }

    /// <summary>
    /// Begins sessions until there are enough in each partition, and answers with as many of each.
    /// </summary>
    private async Task<TestBrowser[][]> BeginAsync(TestNode node)
    {
        var begun = Enumerable.Range(0, Parts).Select(static _ => new List<TestBrowser>()).ToArray();
        while (begun.Any(static of => of.Count < Each))
        {
            var browser = node.Browser();
            await browser.GetAsync("/set/color/red");
            var part = _store.PartitionOf(LossTests.KeyOf(browser));
            begun[part].Add(browser);
            _begun[part]++;
        }

        return [.. begun.Select(static of => of[..Each].ToArray())];
    }

    private async Task BreakAsync(TestBrowser[][] browsers)
    {
        _frozen[Out].IsFrozen = true;
        await Time.DriveAsync(
            Task.WhenAll(browsers[Out].Select(static browser => browser.GetAsync("/set/color/blue")))
        );
    }
}
