using ClusterSession.Local;
using ClusterSession.Records;
using ClusterSession.Recovery;
using ClusterSession.Stores;
using ClusterSession.Stores.InMemory;
using ClusterSession.TestKit.Nodes;
using ClusterSession.TestKit.Stores;
using ClusterSession.Tests.Nodes;
using ClusterSession.Tests.Opening;
using Microsoft.Extensions.DependencyInjection;
using Xunit;

namespace ClusterSession.Tests.Recovery;

/// <summary>
/// A store that was away for longer than the idle time and comes back empty gets the life
/// that is left, and no session that has expired meanwhile: idle timeout of 10 s, store away for 20
/// s.
/// </summary>
public sealed class RestoredLifeTests : NodeTests
{
    private readonly ReplaceableStore _replaceable;
    private readonly FaultyStore _store;
    private readonly InMemorySessions _empty;

    public RestoredLifeTests()
    {
        _replaceable = new ReplaceableStore(new InMemorySessionStore(Sessions));
        _store = new FaultyStore(_replaceable);
        _empty = new InMemorySessions(Time);
    }

    [Theory]
    [InlineData(SessionDurability.Primary, 1000)]
    [InlineData(SessionDurability.Primary, 0)] // Without a copy only the commit is remembered.
    [InlineData(SessionDurability.Local, 1000)]
    [InlineData(SessionDurability.Local, 0)]
    public async Task Session_past_its_idle_time_does_not_come_back_with_the_store(
        SessionDurability durability,
        int copies
    )
    {
        var node = await StartAsync(options: o => Shorten(o, durability, copies), store: _store);
        var idle = node.Browser();
        await idle.GetAsync("/set/color/blue");
        if (durability == SessionDurability.Local)
        {
            _store.Failing = StoreOperations.Sessions; // Acknowledged, and never sent.
        }

        await idle.GetAsync("/set/color/red");
        _store.Failing = StoreOperations.Sessions;
        await PassAsync(TimeSpan.FromSeconds(20));

        _store.Failing = StoreOperations.None;
        _replaceable.Replace(new InMemorySessionStore(_empty), new StoreContinuity(StoreLoss.Everything));
        var (recovery, journal) = (
            node.Services.GetRequiredService<StoreRecovery>(),
            node.Services.GetRequiredService<PendingSessions>()
        );
        await HoldsInTimeAsync(() => recovery.IsSettled && journal.Count == 0, "what is left is restored");

        var read = await new InMemorySessionStore(_empty).ReadAsync(
            LossTests.KeyOf(idle),
            SessionVersion.None,
            default
        );
        Assert.Equal(StoreReadOutcome.Missing, read.Outcome);
        var other = await StartAsync(
            options: o => Shorten(o, durability, copies),
            store: new InMemorySessionStore(_empty)
        );
        Assert.Equal("", await Time.DriveAsync(idle.Copy().GetAsync("/get/color", other)));
        Assert.Equal("", await Time.DriveAsync(idle.Copy().GetAsync("/get/color", node)));
    }

    [Theory]
    [InlineData(1000)]
    [InlineData(0)]
    public async Task Session_within_its_idle_time_comes_back_with_the_life_that_is_left(int copies)
    {
        var node = await StartAsync(options: o => Shorten(o, SessionDurability.Primary, copies), store: _store);
        var browser = node.Browser();
        await browser.GetAsync("/set/color/red");
        _store.Failing = StoreOperations.Sessions;
        await PassAsync(TimeSpan.FromSeconds(8));

        _store.Failing = StoreOperations.None;
        _replaceable.Replace(new InMemorySessionStore(_empty), new StoreContinuity(StoreLoss.Everything));
        await HoldsInTimeAsync(() => _empty.Count == 1, "the session is restored");

        var read = await new InMemorySessionStore(_empty).ReadAsync(
            LossTests.KeyOf(browser),
            SessionVersion.None,
            default
        );
        // 12.25 s less 8 and a little.
        Assert.InRange(read.RemainingLife!.Value, TimeSpan.FromSeconds(3), TimeSpan.FromSeconds(4.5));
    }

    private static void Shorten(ClusterSessionOptions options, SessionDurability durability, int copies)
    {
        options.IdleTimeout = TimeSpan.FromSeconds(10);
        options.TouchInterval = TimeSpan.FromSeconds(1);
        options.LongestRequest = TimeSpan.FromSeconds(1);
        options.Durability = durability;
        options.LocalCopies.MaxCount = copies;
    }

    private async Task PassAsync(TimeSpan span)
    {
        for (var passed = TimeSpan.Zero; passed < span; passed += TimeSpan.FromMilliseconds(100))
        {
            Time.Advance(TimeSpan.FromMilliseconds(100));
            await Task.Yield();
        }
    }
}
