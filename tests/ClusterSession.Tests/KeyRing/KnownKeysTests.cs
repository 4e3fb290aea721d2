using System.Security.Cryptography;
using ClusterSession.KeyRing;
using ClusterSession.Stores;
using ClusterSession.Stores.InMemory;
using ClusterSession.TestKit.Time;
using Xunit;

namespace ClusterSession.Tests.KeyRing;

/// <summary>What two nodes know of the cookie keys, and a store in which they merge it.</summary>
public sealed class KnownKeysTests
{
    private const string Name = "keyring";
    private static readonly TimeSpan CookieLife = TimeSpan.FromDays(30);
    private static readonly StoredKeys Form = new("", seal: null);

    private readonly RandomNumberGenerator _random = RandomNumberGenerator.Create();
    private readonly ManualTimeProvider _time = new();
    private readonly InMemorySessions _sessions;
    private readonly KnownKeys _a;
    private readonly KnownKeys _b;

    public KnownKeysTests()
    {
        _sessions = new InMemorySessions(_time);
        _a = new KnownKeys(Form, _time);
        _b = new KnownKeys(Form, _time);
    }

    [Fact]
    public async Task Retired_key_is_not_revived_by_a_node_that_still_has_it()
    {
        var first = await AddAsync(_a);
        await SyncAsync(_b);
        _time.Advance(TimeSpan.FromDays(1));
        var second = await AddAsync(_a);
        await RetireAsync(_a, first, second);
        await SyncAsync(_b); // It still had the first one.
        await SyncAsync(_a);
        Assert.Equal((second.Id, second.Id), (_a.Ring.Keys.Single().Id, _b.Ring.Keys.Single().Id));
    }

    [Fact]
    public async Task Retired_key_stays_retired_in_a_store_that_lost_all_and_got_the_key_from_another_node()
    {
        var first = await AddAsync(_a);
        await SyncAsync(_b);
        _time.Advance(TimeSpan.FromDays(1));
        var second = await AddAsync(_a);
        await RetireAsync(_a, first, second);
        _sessions.ForgetDocument(Name);
        await SyncAsync(_b); // It has not heard that the first one was retired.
        Assert.NotNull(_b.Ring.Find(first.Id));
        await SyncAsync(_a);
        await SyncAsync(_b);
        Assert.Equal((second.Id, second.Id), (_a.Ring.Keys.Single().Id, _b.Ring.Keys.Single().Id));
    }

    [Fact]
    public async Task Retired_key_is_forgotten_when_no_cookie_of_it_can_live_any_more()
    {
        var first = await AddAsync(_a);
        _time.Advance(TimeSpan.FromDays(1));
        var second = await AddAsync(_a);
        await RetireAsync(_a, first, second);
        Assert.Contains(await StoredAsync(), element => element.Rank == KeyElement.Retired);
        _time.Advance(CookieLife + TimeSpan.FromMinutes(1));
        await SyncAsync(_a);
        Assert.DoesNotContain(await StoredAsync(), element => element.Rank == KeyElement.Retired);
        Assert.Equal(second.Id, _a.Ring.Keys.Single().Id);
    }

    [Fact]
    public async Task Keys_of_two_nodes_unite_in_any_order_and_both_choose_the_same_one_to_sign()
    {
        var lost = await AddAsync(_a);
        _sessions.ForgetDocument(Name);
        var made = await AddAsync(_b);
        await SyncAsync(_a);
        await SyncAsync(_b);
        Assert.Equal(new[] { lost.Id, made.Id }.Order(), _a.Ring.Keys.Select(key => key.Id).Order());
        Assert.Equal(_a.Ring.Keys.Select(key => key.Id), _b.Ring.Keys.Select(key => key.Id));
        Assert.Equal(_a.Ring.Signing(_time.GetUtcNow()).Id, _b.Ring.Signing(_time.GetUtcNow()).Id);
    }

    [Fact]
    public async Task Ring_stays_the_same_object_while_the_store_has_nothing_new()
    {
        await AddAsync(_a);
        var ring = _a.Ring;
        await SyncAsync(_a);
        Assert.Same(ring, _a.Ring);
    }

    private async Task<CookieKey> AddAsync(KnownKeys node)
    {
        await SyncAsync(node);
        var added = SessionKeyRing.NewKey(_random, _time.GetUtcNow(), node.Ring);
        await MergeAsync(node.Changes(node.Ring.With(added), KeyElement.IdOf(added.Id), added, CookieLife)!);
        await SyncAsync(node);
        return added;
    }

    private async Task RetireAsync(KnownKeys node, CookieKey retired, CookieKey kept)
    {
        await MergeAsync(node.Changes(new SessionKeyRing([kept]), KeyElement.IdOf(kept.Id), kept, CookieLife)!);
        await SyncAsync(node);
        Assert.Null(node.Ring.Find(retired.Id));
    }

    private async Task SyncAsync(KnownKeys node)
    {
        var stored = await StoredAsync();
        Assert.True(node.TryTake(stored, _time.GetUtcNow() - CookieLife));
        await MergeAsync(node.Lacking(stored)!);
        Assert.True(node.TryTake(await StoredAsync(), _time.GetUtcNow() - CookieLife));
    }

    private async Task<IReadOnlyList<DocumentElement>> StoredAsync() =>
        (await new InMemorySessionStore(_sessions).ReadDocumentAsync(Name, default, default)).Elements;

    private async Task MergeAsync(IReadOnlyList<DocumentElement> elements) =>
        await new InMemorySessionStore(_sessions).MergeDocumentAsync(Name, elements, TimeSpan.MaxValue, default);
}
