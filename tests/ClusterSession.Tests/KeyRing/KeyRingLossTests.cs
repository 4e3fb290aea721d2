using ClusterSession.Documents;
using ClusterSession.KeyRing;
using ClusterSession.Stores;
using ClusterSession.Stores.InMemory;
using ClusterSession.TestKit.Nodes;
using ClusterSession.TestKit.Stores;
using ClusterSession.Tests.Nodes;
using Microsoft.Extensions.DependencyInjection;
using Xunit;

namespace ClusterSession.Tests.KeyRing;

/// <summary>
/// A store that loses the document of cookie keys alone, and nodes that know it, or start then.
/// </summary>
public sealed class KeyRingLossTests : NodeTests
{
    [Fact]
    public async Task Node_that_starts_while_the_ring_is_missing_and_another_knows_it_makes_none_and_waits()
    {
        var faulty = new FaultyStore(Store);
        var a = await StartAsync(store: faulty, options: options => options.Outage.BreakAfter = 10_000);
        var browser = a.Browser();
        await browser.GetAsync("/set/color/red");
        await AnnouncedAsync();

        faulty.Failing = StoreOperations.MergeDocument; // It cannot restore the ring.
        Sessions.ForgetDocument(KeyRingSource.DocumentName);
        var late = await StartAsync();
        var stranger = late.Browser();
        await stranger.GetAsync("/set/color/blue");
        await browser.Copy().GetAsync("/get/color", late);
        Assert.Equal(503, (int)stranger.LastStatus);
        Assert.False((await ReadAsync()).Exists);
        Assert.True(Logs.Count("DocumentAwaited") > 0);

        faulty.Failing = StoreOperations.None;
        await HoldsInTimeAsync(async () => (await ReadAsync()).Exists, "the ring is restored");
        await HoldsInTimeAsync(
            async () => await browser.Copy().GetAsync("/get/color", late) == "red",
            "the cookie is accepted"
        );
        Assert.Equal(1, Logs.Count("KeyRingCreated"));
        Assert.True(Logs.Count("DocumentLost") > 0);
    }

    [Fact]
    public async Task Ring_that_is_evicted_is_restored_by_a_node_that_knows_it_and_nobody_is_logged_out()
    {
        var (a, b) = (await StartAsync(), await StartAsync());
        var browser = a.Browser();
        await browser.GetAsync("/set/color/red");
        await browser.GetAsync("/get/color", b);
        var before = KeyRingTests.Text(Ring(a));
        Sessions.ForgetDocument(KeyRingSource.DocumentName);
        await HoldsInTimeAsync(async () => (await ReadAsync()).Exists, "the ring is restored");
        var late = await StartAsync();
        Assert.Equal("red", await browser.GetAsync("/get/color", late));
        Assert.Equal("red", await browser.GetAsync("/get/color", b));
        Assert.Equal(
            (before, before, before),
            (KeyRingTests.Text(Ring(a)), KeyRingTests.Text(Ring(b)), KeyRingTests.Text(Ring(late)))
        );
    }

    [Fact]
    public async Task Ring_that_is_lost_with_the_announcements_is_announced_at_once_by_a_node_that_knows_it()
    {
        var faulty = new FaultyStore(Store);
        var a = await StartAsync(store: faulty, options: options => options.Outage.BreakAfter = 10_000);
        var browser = a.Browser();
        await browser.GetAsync("/set/color/red");
        await AnnouncedAsync();
        faulty.Failing = StoreOperations.ReadDocument; // It hears of nothing before both are lost.
        Sessions.ForgetDocument(NodePresence.DocumentName);
        Sessions.ForgetDocument(KeyRingSource.DocumentName);
        faulty.Failing = StoreOperations.None;
        await Ring(a).RestoreAsync(); // No time passes, and it is announced every ten seconds.
        Assert.Contains(
            (
                await new InMemorySessionStore(Sessions).ReadDocumentAsync(NodePresence.DocumentName, default, default)
            ).Elements,
            element => element.Payload.Span.IndexOf("keyring"u8) >= 0
        );
        var late = await StartAsync();
        Assert.Equal("red", await browser.GetAsync("/get/color", late));
        Assert.Equal(1, Logs.Count("KeyRingCreated"));
    }

    [Fact]
    public async Task Ring_of_a_node_that_knew_of_none_is_completed_and_both_keys_verify_everywhere()
    {
        var a = await StartAsync();
        var old = a.Browser();
        await old.GetAsync("/set/color/red");
        var store = new InMemorySessionStore(Sessions);
        Sessions.ForgetDocument(KeyRingSource.DocumentName);
        await HoldsInTimeAsync(async () => (await ReadAsync()).Exists, "the ring is restored");
        var known = Ring(a).Current!.Keys.Single();
        await a.DrainAsync();
        Sessions.ForgetDocument(KeyRingSource.DocumentName);

        var b = await StartAsync(); // Nobody is there who knows the ring: it makes one.
        var fresh = b.Browser();
        await fresh.GetAsync("/set/color/blue");
        await store.MergeDocumentAsync(
            KeyRingSource.DocumentName,
            [KeyElement.Present(KeyElement.IdOf(known.Id), 1, new StoredKeys("", seal: null).Write(known)!)],
            TimeSpan.MaxValue,
            default
        );

        await HoldsInTimeAsync(() => Ring(b).Current!.Keys.Count == 2, "the ring is completed");
        var late = await StartAsync();
        foreach (var node in new[] { b, late })
        {
            Assert.Equal("blue", await fresh.Copy().GetAsync("/get/color", node));
            await Ring(node).LoadAsync(default);
            Assert.NotNull(Ring(node).Current!.Find(known.Id));
        }
    }

    [Fact]
    public async Task Ring_that_died_with_the_nodes_that_knew_it_is_made_anew_once_they_count_as_gone()
    {
        var a = await StartAsync();
        await a.Browser().GetAsync("/set/color/red");
        await AnnouncedAsync();
        await StopAsync(a); // As a crash: it has not said that it leaves.
        Sessions.ForgetDocument(KeyRingSource.DocumentName);
        var late = await StartAsync();
        var browser = late.Browser();
        await browser.GetAsync("/set/color/blue");
        Assert.Equal(503, (int)browser.LastStatus);
        Time.Advance(TimeSpan.FromSeconds(31));
        await HoldsInTimeAsync(async () => await browser.GetAsync("/set/color/blue") == "blue", "it makes a ring");
        Assert.Equal(2, Logs.Count("KeyRingCreated"));
    }

    [Fact]
    public async Task Nodes_that_start_at_once_on_an_empty_store_end_with_one_key()
    {
        var nodes = await Task.WhenAll(
            Enumerable.Range(0, 8).Select(_ => StartAsync(store: new InMemorySessionStore(Sessions)))
        );
        await Task.WhenAll(nodes.Select(node => Ring(node).LoadAsync(default).AsTask()));
        Assert.Single(nodes.Select(node => KeyRingTests.Text(Ring(node))).Distinct());
        Assert.Single(Ring(nodes[0]).Current!.Keys);
        Assert.Equal(1, Logs.Count("KeyRingCreated"));
    }

    [Fact]
    public async Task Key_revoked_while_a_node_was_cut_off_is_not_revived_by_it()
    {
        var faulty = new FaultyStore(new InMemorySessionStore(Sessions));
        var a = await StartAsync();
        var cut = await StartAsync(store: faulty, options: options => options.Outage.BreakAfter = 10_000);
        var browser = a.Browser();
        await browser.GetAsync("/set/color/red");
        await browser.GetAsync("/get/color", cut);
        faulty.Failing = StoreOperations.All;
        await a.Services.GetRequiredService<ISessionManager>().RotateKeysAsync(revoke: true);
        faulty.Failing = StoreOperations.None;
        await Ring(cut).RestoreAsync();
        Assert.Equal(KeyRingTests.Text(Ring(a)), KeyRingTests.Text(Ring(cut)));
        Assert.Equal("", await browser.Copy().GetAsync("/get/color", cut));
        Assert.Equal("", await browser.Copy().GetAsync("/get/color", a));
    }

    private static KeyRingSource Ring(TestNode node) => node.Services.GetRequiredService<KeyRingSource>();

    private async Task<StoreDocument> ReadAsync() =>
        await new InMemorySessionStore(Sessions).ReadDocumentAsync(KeyRingSource.DocumentName, default, default);

    /// <summary>The first node serves, and has announced that it knows the ring.</summary>
    private Task AnnouncedAsync() =>
        HoldsInTimeAsync(
            async () =>
                (
                    await new InMemorySessionStore(Sessions).ReadDocumentAsync(
                        NodePresence.DocumentName,
                        default,
                        default
                    )
                ).Elements.Any(element => element.Payload.Length > 16),
            "it is announced"
        );
}
