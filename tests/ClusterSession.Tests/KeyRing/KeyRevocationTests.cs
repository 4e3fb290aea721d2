using System.Security.Cryptography;
using ClusterSession.KeyRing;
using ClusterSession.Stores;
using ClusterSession.Stores.InMemory;
using ClusterSession.TestKit.Nodes;
using ClusterSession.TestKit.Servers;
using ClusterSession.TestKit.Stores;
using ClusterSession.Tests.Nodes;
using Microsoft.Extensions.DependencyInjection;
using Xunit;

namespace ClusterSession.Tests.KeyRing;

/// <summary>New keys on request (ISessionManager.RotateKeysAsync).</summary>
public sealed class KeyRevocationTests : NodeTests
{
    [Fact]
    public async Task New_key_signs_at_once_on_all_nodes_and_earlier_cookies_are_renewed()
    {
        var (a, b) = (await StartAsync(), await StartAsync());
        var browser = a.Browser();
        await browser.GetAsync("/set/color/red");
        await browser.GetAsync("/get/color", b);
        var before = Ring(a).Signing.Id;

        await RotateAsync(a, revoke: false);

        Assert.NotEqual(before, Ring(a).Signing.Id);
        await Condition.HoldsAsync(() => Ring(b).Signing.Id == Ring(a).Signing.Id, "the other node signs with it");
        Assert.Equal("red", await browser.GetAsync("/get/color", b));
        Assert.True(browser.LastSetCookie);
        await browser.GetAsync("/get/color", a);
        Assert.False(browser.LastSetCookie);
    }

    [Fact]
    public async Task Revocation_refuses_every_earlier_cookie_on_all_nodes_that_remember_them()
    {
        var (a, b) = (await StartAsync(), await StartAsync());
        var browser = a.Browser();
        await browser.GetAsync("/set/color/red");
        await browser.GetAsync("/get/color", b);

        await RotateAsync(a, revoke: true);

        Assert.Equal("", await browser.Copy().GetAsync("/get/color", a));
        await Condition.HoldsAsync(() => Ring(b).Current!.Revocations == 1, "the other node has read the ring");
        Assert.Equal("", await browser.Copy().GetAsync("/get/color", b));
        var next = b.Browser();
        await next.GetAsync("/set/color/blue");
        Assert.Equal("blue", await next.GetAsync("/get/color", a));
        Assert.Single(Ring(b).Current!.Keys);
    }

    [Fact]
    public async Task Key_that_waits_for_its_time_is_revoked_too()
    {
        var node = await StartAsync(options: options => options.IdleTimeout = TimeSpan.FromDays(200));
        await node.Browser().GetAsync("/set/color/red");
        Time.Advance(TimeSpan.FromDays(90) - TimeSpan.FromMinutes(59));
        await Ring(node).RefreshAsync(default);
        Assert.Equal(2, Ring(node).Current!.Keys.Count);
        await RotateAsync(node, revoke: true);
        Time.Advance(TimeSpan.FromHours(2));
        Assert.Equal(Ring(node).Current!.Keys.Single().Id, Ring(node).Signing.Id);
    }

    [Fact]
    public async Task Keys_that_are_configured_are_not_rotated_and_the_exception_says_where_to_change_them()
    {
        var node = await StartAsync(options: options =>
            options.Keys.Add(
                new SessionKeyOptions { Id = 1, Secret = Convert.ToBase64String(RandomNumberGenerator.GetBytes(32)) }
            )
        );
        var refusal = await Assert.ThrowsAsync<InvalidOperationException>(() => RotateAsync(node, revoke: true));
        Assert.Contains("ClusterSession:Keys", refusal.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(StoreOperations.ReadDocument)]
    [InlineData(StoreOperations.MergeDocument)]
    public async Task Rotation_that_the_store_does_not_confirm_is_not_answered_as_done(StoreOperations failing)
    {
        var faulty = new FaultyStore(Store);
        var node = await StartAsync(store: faulty, options: options => options.Outage.BreakAfter = 10_000);
        await node.Browser().GetAsync("/set/color/red");
        faulty.Failing = failing;
        await Assert.ThrowsAsync<SessionUnavailableException>(() => RotateAsync(node, revoke: true));
        faulty.Failing = StoreOperations.None;
        await RotateAsync(node, revoke: true);
        Assert.Equal(1, Logs.Count("KeyRingRotatedOnRequest"));
    }

    [Fact]
    public async Task Store_that_went_back_behind_a_revocation_gets_it_again_and_no_key_comes_back()
    {
        var store = new ReplaceableStore(new InMemorySessionStore(Sessions));
        var node = await StartAsync(store: store);
        var browser = node.Browser();
        await browser.GetAsync("/set/color/red");
        var before = (await store.ReadDocumentAsync(KeyRingSource.DocumentName, default, default)).Elements;
        await RotateAsync(node, revoke: true);
        var old = new InMemorySessionStore(new InMemorySessions(Time));
        await old.MergeDocumentAsync(KeyRingSource.DocumentName, before, TimeSpan.MaxValue, default);

        store.Replace(old, new StoreContinuity(StoreLoss.Recent));

        await HoldsInTimeAsync(
            async () =>
                (await old.ReadDocumentAsync(KeyRingSource.DocumentName, default, default)).Elements.Any(element =>
                    KeyElement.IsRevocations(element)
                ),
            "the revocation is restored"
        );
        Assert.Equal(1, Ring(node).Current!.Revocations);
        Assert.Equal("", await browser.GetAsync("/get/color"));
    }

    [Fact]
    public async Task Node_that_starts_on_a_store_from_before_a_revocation_learns_of_it_from_the_others()
    {
        var store = new ReplaceableStore(new InMemorySessionStore(Sessions));
        var node = await StartAsync(store: store);
        var thief = node.Browser();
        await thief.GetAsync("/set/color/red");
        var before = (await store.ReadDocumentAsync(KeyRingSource.DocumentName, default, default)).Elements;
        await RotateAsync(node, revoke: true);
        var old = new InMemorySessions(Time);
        await new InMemorySessionStore(old).MergeDocumentAsync(
            KeyRingSource.DocumentName,
            before,
            TimeSpan.MaxValue,
            default
        );
        var late = await StartAsync(store: new InMemorySessionStore(old));
        await HoldsInTimeAsync(() => Ring(late).Current is { Revocations: 0 }, "it has the ring from before");

        store.Replace(new InMemorySessionStore(old), new StoreContinuity(StoreLoss.Recent));

        await HoldsInTimeAsync(() => Ring(late).Current!.Revocations == 1, "it has learnt of the revocation");
        Assert.Equal(Assert.Single(Ring(node).Current!.Keys).Id, Assert.Single(Ring(late).Current!.Keys).Id);
        Assert.Equal("", await thief.GetAsync("/get/color", late));
    }

    [Fact]
    public async Task Rotations_of_several_nodes_at_once_all_count()
    {
        var (a, b) = (await StartAsync(), await StartAsync());
        await a.Browser().GetAsync("/set/color/red");
        await b.Browser().GetAsync("/set/color/red");
        var before = Ring(a).Signing.Id;
        await Task.WhenAll(Enumerable.Range(0, 6).Select(i => RotateAsync(i % 2 == 0 ? a : b, revoke: true)));
        await Ring(a).RefreshAsync(default);
        await Ring(b).RefreshAsync(default);
        Assert.Equal(6, Logs.Count("KeyRingRotatedOnRequest"));
        Assert.Null(Ring(a).Current!.Find(before));
        Assert.Equal(
            (KeyRingTests.Text(Ring(a)), Ring(a).Signing.Id),
            (KeyRingTests.Text(Ring(b)), Ring(b).Signing.Id)
        );
    }

    [Fact]
    public async Task Ring_that_has_not_changed_is_read_again_without_forgetting_cookies()
    {
        var node = await StartAsync();
        await node.Browser().GetAsync("/set/color/red");
        var ring = Ring(node).Current;
        await Ring(node).RefreshAsync(default);
        Assert.Same(ring, Ring(node).Current);
    }

    private static KeyRingSource Ring(TestNode node) => node.Services.GetRequiredService<KeyRingSource>();

    private static Task RotateAsync(TestNode node, bool revoke) =>
        node.Services.GetRequiredService<ISessionManager>().RotateKeysAsync(revoke);
}
