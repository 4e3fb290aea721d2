using ClusterSession.Stores;
using ClusterSession.Stores.InMemory;
using ClusterSession.TestKit.Nodes;
using ClusterSession.TestKit.Stores;
using ClusterSession.Tests.Nodes;
using ClusterSession.Tests.Opening;
using Xunit;

namespace ClusterSession.Tests.Recovery;

/// <summary>A record that the store refuses for itself, while it takes all others.</summary>
public sealed class RefusedRecordTests : NodeTests
{
    private const StoreOperations Writes = StoreOperations.Commit | StoreOperations.Merge;
    private readonly PoisonedStore _store;

    public RefusedRecordTests() =>
        _store = new PoisonedStore(new InMemorySessionStore(Sessions)) { Failure = StoreFailure.Damaged };

    [Theory]
    [InlineData(SessionDurability.Primary)]
    [InlineData(SessionDurability.Local)]
    public async Task Commit_to_a_damaged_record_is_refused_and_others_are_not(SessionDurability durability)
    {
        var (node, damaged) = await BeginAsync(durability);
        var other = node.Browser();
        await other.GetAsync("/set/color/red");
        var key = LossTests.KeyOf(damaged);
        _store.IsPoison = one => one == key;

        await damaged.GetAsync("/set/color/blue"); // Under Local nothing is known of it yet.
        await HoldsInTimeAsync(() => Logs.Count("RecordDamaged") == 1, "it was found to be damaged");
        await damaged.GetAsync("/set/color/green");
        Assert.Equal(503, (int)damaged.LastStatus);
        Assert.Equal("blue", await other.GetAsync("/set/color/blue"));
        Assert.Equal((1, 0), (Logs.Count("RecordDamaged"), Logs.Count("StoreUnanswering")));
        Assert.All(Logs.All.Where(static log => log.Event.Name == "CommitFailed"), static log =>
            Assert.Contains("what its store has of it is damaged", log.Text, StringComparison.Ordinal)
        );
        Assert.NotEqual(0, Logs.Count("CommitFailed"));
    }

    [Fact]
    public async Task Commit_that_is_set_aside_costs_one_command_a_minute_and_is_sent_when_the_record_is_gone()
    {
        var counting = new CountingStore(_store);
        var (node, damaged) = await BeginAsync(SessionDurability.Local, counting);
        _store.IsPoison = static _ => true;
        await damaged.GetAsync("/set/color/blue");
        await HoldsInTimeAsync(() => Logs.Count("RecordDamaged") == 1, "it was found to be damaged");
        counting.Reset();

        await Time.DriveAsync(Task.Delay(TimeSpan.FromSeconds(125), Time));

        Assert.InRange(counting.Count(StoreOperations.Commit | StoreOperations.Merge), 1, 4);
        _store.IsPoison = static _ => false;
        await Time.DriveAsync(Task.Delay(TimeSpan.FromSeconds(65), Time));
        Assert.Equal(0, node.Unsaved());
        Assert.Equal("blue", await damaged.GetAsync("/get/color", await StartAsync()));
    }

    [Fact]
    public async Task Node_that_shuts_down_says_what_was_set_aside_and_waits_for_the_others_only()
    {
        var (node, damaged) = await BeginAsync(SessionDurability.Local);
        _store.IsPoison = static _ => true;
        await damaged.GetAsync("/set/color/blue");
        await HoldsInTimeAsync(() => Logs.Count("RecordDamaged") == 1, "it was found to be damaged");

        await node.DrainAsync(); // Time stands still: nothing is waited for that would not help.

        Assert.Equal((1, 0), (Logs.Count("JournalRefused"), Logs.Count("JournalNotDrained")));
        Assert.Equal(0, Environment.ExitCode);
    }

    [Fact]
    public async Task Session_set_aside_as_too_large_is_sent_with_no_request_but_one_that_only_removes()
    {
        var faulty = new FaultyStore(new InMemorySessionStore(Sessions)) { Failure = StoreFailure.TooLarge };
        var counting = new CountingStore(faulty);
        var (node, browser) = await BeginAsync(SessionDurability.Local, counting);
        faulty.Failing = Writes;
        await browser.GetAsync("/set/size/great");
        await HoldsInTimeAsync(() => counting.Count(Writes) > 1, "it was refused");
        await Time.DriveAsync(Task.Delay(TimeSpan.FromSeconds(1), Time));
        counting.Reset();

        for (var i = 0; i < 3; i++)
        {
            await browser.GetAsync("/set/shape/round");
            Assert.Equal(503, (int)browser.LastStatus);
        }

        Assert.Equal(0, counting.Count(Writes));
        faulty.Failing = StoreOperations.None; // What is left after a removal is taken.
        await browser.GetAsync("/remove/size");
        Assert.Equal(200, (int)browser.LastStatus);
        await HoldsInTimeAsync(() => node.Unsaved() == 0, "it is stored");
        var other = await StartAsync(store: faulty);
        Assert.Equal("", await browser.GetAsync("/get/size", other));
        Assert.Equal("red", await browser.GetAsync("/get/color", other));
    }

    [Fact]
    public async Task Copy_that_is_too_large_for_what_a_new_server_has_is_kept_and_sent_when_it_is_taken()
    {
        var replaceable = new ReplaceableStore(new InMemorySessionStore(Sessions));
        var (node, browser) = await BeginAsync(SessionDurability.Primary, replaceable);
        var second = new FaultyStore(new InMemorySessionStore(Sessions))
        {
            Failing = StoreOperations.Merge,
            Failure = StoreFailure.TooLarge,
        };
        replaceable.Replace(second, new StoreContinuity(StoreLoss.Everything));
        await HoldsInTimeAsync(() => node.Unsaved() == 1, "it is kept");

        second.Failing = StoreOperations.None;
        await Time.DriveAsync(Task.Delay(TimeSpan.FromSeconds(65), Time));
        await HoldsInTimeAsync(() => node.Unsaved() == 0, "it is stored");
        Assert.Equal("red", await browser.GetAsync("/get/color", await StartAsync(store: second)));
    }

    private async Task<(TestNode Node, TestBrowser Browser)> BeginAsync(
        SessionDurability durability,
        IClusterSessionStore? store = null
    )
    {
        var node = await StartAsync(store: store ?? _store, options: options => options.Durability = durability);
        var browser = node.Browser();
        await browser.GetAsync("/set/color/red");
        await HoldsInTimeAsync(() => node.Unsaved() == 0, "it is stored");
        return (node, browser);
    }
}
