using ClusterSession.Lifetime;
using ClusterSession.Principals;
using ClusterSession.Revoking;
using ClusterSession.Stores;
using ClusterSession.Stores.InMemory;
using ClusterSession.TestKit.Nodes;
using ClusterSession.TestKit.Stores;
using ClusterSession.Tests.Nodes;
using Microsoft.Extensions.DependencyInjection;
using Xunit;

namespace ClusterSession.Tests.Revoking;

/// <summary>Ends of all sessions of somebody that a node, or a store, hears of late.</summary>
public sealed class LateEndTests : NodeTests
{
    [Fact]
    public async Task Login_at_a_node_that_has_not_heard_of_the_end_is_ended_once_more_and_the_next_one_counts()
    {
        var faulty = new FaultyStore(new InMemorySessionStore(Sessions));
        var a = await StartAsync(before: Login.ByQuery);
        var b = await StartAsync(before: Login.ByQuery, store: faulty, options: options =>
            options.Outage.BreakAfter = 10_000
        );
        await b.Browser().GetAsync("/set/color/red?as=alice"); // It has read the list, which names nobody.
        faulty.Failing = StoreOperations.ReadDocument;
        await Time.DriveAsync(a.EndAllAsync("alice"));
        Assert.Equal(0, Known(b).Count);
        var (browser, other) = (b.Browser(), b.Browser());
        await Time.DriveAsync(browser.GetAsync("/set/color/blue?as=alice"));
        await Time.DriveAsync(other.GetAsync("/set/color/blue?as=alice"));
        Assert.Equal("", await other.GetAsync("/get/color?as=alice", a)); // Who knows the end lets nobody in.

        faulty.Failing = StoreOperations.None;
        await HoldsInTimeAsync(() => Known(b).Count == 1, "it has heard");
        Assert.Equal("", await browser.Copy().GetAsync("/get/color?as=alice", b));
        await browser.GetAsync("/set/color/green?as=alice", b);
        Assert.Equal("green", await browser.GetAsync("/get/color?as=alice", a));
        Assert.Equal("green", await browser.GetAsync("/get/color?as=alice", b));
    }

    [Fact]
    public async Task End_that_is_restored_in_a_store_lives_no_longer_than_was_left_of_it()
    {
        var store = new ReplaceableStore(new InMemorySessionStore(Sessions));
        var a = await StartAsync(before: Login.ByQuery, store: store);
        await a.EndAllAsync("alice");
        var life = a.Services.GetRequiredService<SessionLifetime>().TombstoneLife;
        Time.Advance(0.75 * life);
        var empty = new InMemorySessionStore(new InMemorySessions(Time));
        store.Replace(empty, new StoreContinuity(StoreLoss.Everything));
        await HoldsInTimeAsync(async () => await EndsAsync(empty) is [_], "the end is restored");
        Assert.InRange(Assert.Single(await EndsAsync(empty)).Life, TimeSpan.FromSeconds(1), 0.25 * life);

        Time.Advance(0.25 * life);
        var second = new InMemorySessionStore(new InMemorySessions(Time));
        store.Replace(second, new StoreContinuity(StoreLoss.Everything));
        await HoldsInTimeAsync(async () => (await ReadAsync(second)).Exists, "the list is made");
        Assert.Empty(await EndsAsync(second)); // Nothing that it would have to end can be in use.
    }

    private static Revocations Known(TestNode node) => node.Services.GetRequiredService<Revocations>();

    private static ValueTask<StoreDocument> ReadAsync(IClusterSessionStore store) =>
        store.ReadDocumentAsync(Revocations.DocumentName, DocumentPosition.None, default);

    private static async Task<List<DocumentElement>> EndsAsync(IClusterSessionStore store) =>
        [
            .. (await ReadAsync(store)).Elements.Where(element =>
                Revocation.TryRead(element, out var known) && known.Principal == PrincipalKey.Of("alice")
            ),
        ];
}
