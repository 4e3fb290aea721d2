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
