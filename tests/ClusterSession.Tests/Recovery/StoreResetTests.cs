using ClusterSession.Stores;
using ClusterSession.Stores.InMemory;
using ClusterSession.TestKit.Nodes;
using ClusterSession.TestKit.Stores;
using ClusterSession.Tests.Nodes;
using Xunit;

namespace ClusterSession.Tests.Recovery;

/// <summary>
/// The store was emptied (S14): by default the nodes fill it again, with living sessions and with
/// ends; under Discard all sessions have ended.
/// </summary>
public sealed class StoreResetTests : NodeTests
{
    private readonly ReplaceableStore _store;
    private readonly InMemorySessions _empty;

    public StoreResetTests() =>
        (_store, _empty) = (new ReplaceableStore(new InMemorySessionStore(Sessions)), new InMemorySessions(Time));

    [Fact]
    public async Task Living_sessions_are_restored_in_an_emptied_store_and_none_that_had_ended()
    {
        var node = await StartAsync(store: _store);
        var (alive, ended) = (node.Browser(), node.Browser());
        await alive.GetAsync("/set/color/red");
        await ended.GetAsync("/set/color/blue");
        var thief = ended.Copy();
        await ended.GetAsync("/destroy");

        Empty();
        await HoldsInTimeAsync(
            () => _empty.Count == 2,
            "the session and the tombstone of the other one are in the store"
        );

        var other = await StartAsync(store: new InMemorySessionStore(_empty));
        // Which needs the keys that sign cookies to be back as well.
        Assert.Equal("red", await alive.GetAsync("/get/color", other));
        Assert.Equal("", await thief.GetAsync("/get/color", other));
        Assert.Equal("", await thief.GetAsync("/get/color", node));
        await thief.GetAsync("/set/color/stolen", node);
        Assert.Equal("", await thief.Copy().GetAsync("/get/user", other));
        Assert.Equal(0, Logs.Count("SessionRegressed"));
    }

    [Fact]
    public async Task Under_Discard_an_emptied_store_ends_all_sessions_and_the_application_sees_it()
    {
        var node = await StartWithDiscardAsync();
        var browsers = await BeginAsync(node, 5);

        Empty();
        await HoldsInTimeAsync(() => Logs.Count("CopiesDiscarded") == 1, "the node drops its copies");
        Time.Advance(TimeSpan.FromSeconds(3)); // It would have heard of others.

        foreach (var browser in browsers)
        {
            Assert.Equal("True", await Time.DriveAsync(browser.GetAsync("/regressed")));
            Assert.False(browser.LastSetCookie);
        }

        Assert.Equal(0, _empty.Count);
        Assert.Equal("green", await browsers[0].GetAsync("/set/color/green"));
        Assert.Equal("color", await browsers[0].GetAsync("/keys"));
        Assert.Equal(1, _empty.Count);
    }

    [Fact]
    public async Task Under_Discard_what_was_discarded_is_not_replayed_when_the_next_server_takes_over()
    {
        var node = await StartWithDiscardAsync();
        await BeginAsync(node, 5);
        Empty();
        await HoldsInTimeAsync(() => Logs.Count("CopiesDiscarded") == 1, "the node drops its copies");
        await node.Browser().GetAsync("/set/color/blue");

        var next = new InMemorySessions(Time);
        _store.Replace(new InMemorySessionStore(next), new StoreContinuity(StoreLoss.Recent));

        await HoldsInTimeAsync(() => next.Count > 0, "what was committed since is replayed");
        await HoldsInTimeAsync(() => Logs.Count("ReplayDone") > 0, "the replay is done");
        Assert.Equal(1, next.Count);
    }

    [Fact]
    public async Task Under_Discard_what_was_discarded_is_not_served_when_the_store_goes_away_afterwards()
    {
        var faulty = new FaultyStore(_store);
        var node = await StartAsync(store: faulty, options: Discard);
        var browser = node.Browser();
        await browser.GetAsync("/set/color/red");
        Empty();
        await HoldsInTimeAsync(() => Logs.Count("CopiesDiscarded") == 1, "the node drops its copies");

        faulty.Failing = StoreOperations.Sessions;
        await browser.GetAsync("/get/color");

        Assert.Equal(503, (int)browser.LastStatus);
    }

    private Task<TestNode> StartWithDiscardAsync() => StartAsync(store: _store, options: Discard);

    private static void Discard(ClusterSessionOptions options) =>
        options.Outage.OnStoreReset = StoreResetPolicy.Discard;

    private void Empty() => _store.Replace(new InMemorySessionStore(_empty), new StoreContinuity(StoreLoss.Everything));

    private static async Task<IReadOnlyList<TestBrowser>> BeginAsync(TestNode node, int sessions)
    {
        var browsers = Enumerable.Range(0, sessions).Select(_ => node.Browser()).ToArray();
        foreach (var browser in browsers)
        {
            await browser.GetAsync("/set/color/red");
        }

        return browsers;
    }
}
