using System.Security.Cryptography;
using ClusterSession.Http.Cookies;
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

public sealed class KeyRingTests : NodeTests
{
    private static readonly string SecretOne = Convert.ToBase64String(RandomNumberGenerator.GetBytes(32));
    private static readonly string SecretTwo = Convert.ToBase64String(RandomNumberGenerator.GetBytes(48));

    [Fact]
    public async Task Nodes_that_share_a_store_share_the_ring_that_the_first_made()
    {
        var (a, b) = (await StartAsync(), await StartAsync());
        await Task.WhenAll(Ring(a).LoadAsync(default).AsTask(), Ring(b).LoadAsync(default).AsTask());
        Assert.Equal(Text(Ring(a)), Text(Ring(b)));
        Assert.Equal(1, Logs.Count("KeyRingCreated"));
    }

    [Fact]
    public async Task New_key_is_stored_before_it_signs_and_cookies_under_the_old_one_are_renewed()
    {
        var (a, b) = (await StartAsync(options: LongLived), await StartAsync(options: LongLived));
        var browser = a.Browser();
        await browser.GetAsync("/set/color/red");
        var old = browser.Copy();
        var first = Ring(a).Signing;
        Time.Advance(TimeSpan.FromDays(90) - TimeSpan.FromMinutes(59));
        await Ring(a).RefreshAsync(default);
        Assert.Equal(2, Ring(a).Current!.Keys.Count);
        Assert.Equal(first.Id, Ring(a).Signing.Id);
        Time.Advance(TimeSpan.FromHours(1));
        Assert.NotEqual(first.Id, Ring(a).Signing.Id);
        Assert.Equal("red", await browser.GetAsync("/get/color", a));
        Assert.True(browser.LastSetCookie);
        Assert.Equal(old.Id, browser.Id);
        Assert.Equal("red", await browser.GetAsync("/get/color", b)); // b has not read the ring since: it does now.
        Assert.Equal("red", await browser.GetAsync("/get/color", a));
        Assert.False(browser.LastSetCookie);
        Assert.Equal("red", await old.GetAsync("/get/color", b));
        Assert.True(old.LastSetCookie);
    }

    [Fact]
    public async Task Key_that_is_not_known_makes_the_node_read_the_ring_once_a_second()
    {
        var node = await StartAsync();
        await node.Browser().GetAsync("/set/color/red");
        var foreign = new CookieKey(0x123456, Time.GetUtcNow(), RandomNumberGenerator.GetBytes(32));
        for (var second = 0; second < 3; second++)
        {
            Time.Advance(TimeSpan.FromSeconds(1.1));
            Store.Reset();
            for (var i = 0; i < 20; i++)
            {
                var browser = node.Browser();
                browser.Cookie = SessionCookie.Write(
                    ClusterSession.Records.SessionId.New(RandomNumberGenerator.Create()),
                    new ClusterSession.Records.SessionVersion(1, 1),
                    foreign
                );
                Assert.Equal("New", await browser.GetAsync("/source"));
            }

            Assert.Equal(1, Store.Count(StoreOperations.ReadDocument));
            Assert.Equal(0, Store.Count(StoreOperations.Sessions));
        }
    }

    [Fact]
    public async Task Unknown_key_while_the_store_is_not_responding_is_a_503_and_asks_once_a_second()
    {
        var faulty = new FaultyStore(Store);
        var node = await StartAsync(store: faulty, options: options => options.Outage.BreakAfter = 10_000);
        await node.Browser().GetAsync("/set/color/red");
        faulty.Failing = StoreOperations.ReadDocument;
        Time.Advance(TimeSpan.FromSeconds(2));
        var foreign = new CookieKey(0x123456, Time.GetUtcNow(), RandomNumberGenerator.GetBytes(32));
        for (var i = 0; i < 5; i++)
        {
            var browser = node.Browser();
            browser.Cookie = SessionCookie.Write(
                ClusterSession.Records.SessionId.New(RandomNumberGenerator.Create()),
                new ClusterSession.Records.SessionVersion(1, 1),
                foreign
            );
            await browser.GetAsync("/get/color");
            Assert.Equal(503, (int)browser.LastStatus);
        }

        Assert.Equal(1, Logs.Count("KeyRingUnavailable"));
    }

    [Fact]
    public async Task Cookie_of_an_unknown_key_behind_rubbish_still_makes_the_node_read_the_ring()
    {
        var (a, b) = (await StartAsync(options: LongLived), await StartAsync(options: LongLived));
        await b.Browser().GetAsync("/set/x/1");
        Time.Advance(TimeSpan.FromDays(90));
        await Ring(a).RefreshAsync(default);
        Time.Advance(TimeSpan.FromHours(2));
        var browser = a.Browser();
        await browser.GetAsync("/set/color/red");
        browser.CookieHeader = $".ClusterSession={browser.Cookie}; .ClusterSession=rubbish";
        Assert.Equal("red", await browser.GetAsync("/get/color", b));
    }

    [Fact]
    public async Task Removed_key_verifies_nothing()
    {
        var node = await StartAsync(options: options => Keys(options, (1, SecretOne), (2, SecretTwo)));
        var browser = node.Browser();
        await browser.GetAsync("/set/color/red");
        var other = await StartAsync(options: options => Keys(options, (2, SecretTwo)));
        Assert.Equal("", await browser.GetAsync("/get/color", other));
    }

    [Fact]
    public async Task Of_configured_keys_the_first_signs_and_all_verify_and_the_store_is_not_asked()
    {
        var old = await StartAsync(options: options => Keys(options, (1, SecretOne)));
        var node = await StartAsync(options: options => Keys(options, (2, SecretTwo), (1, SecretOne)));
        var browser = old.Browser();
        await browser.GetAsync("/set/color/red");
        Assert.Equal(2, Ring(node).Signing.Id);
        Assert.Equal("red", await browser.GetAsync("/get/color", node));
        Assert.True(browser.LastSetCookie);
        Assert.False((await Store.ReadDocumentAsync(KeyRingSource.DocumentName, default, default)).Exists);
    }

    [Fact]
    public async Task Configured_key_signs_from_its_moment_on()
    {
        var node = await StartAsync(options: options =>
        {
            Keys(options, (1, SecretOne), (2, SecretTwo));
            options.Keys[1].ActiveFrom = Time.GetUtcNow() + TimeSpan.FromHours(1);
        });
        Assert.Equal(1, Ring(node).Signing.Id);
        Time.Advance(TimeSpan.FromHours(1));
        Assert.Equal(2, Ring(node).Signing.Id);
        await Task.CompletedTask;
    }

    [Fact]
    public async Task Same_key_id_with_another_secret_is_refused()
    {
        var a = await StartAsync(options: options => Keys(options, (1, SecretOne)));
        var b = await StartAsync(options: options => Keys(options, (1, SecretTwo)));
        var browser = a.Browser();
        await browser.GetAsync("/set/color/red");
        Assert.Equal("", await browser.GetAsync("/get/color", b));
    }

    [Theory]
    [InlineData(new byte[] { 1 }, 1, new byte[0])]
    [InlineData(new[] { (byte)'k', (byte)0, (byte)0, (byte)1 }, 1, new byte[] { 1, 0, 0, 1 })]
    [InlineData(new[] { (byte)'k', (byte)0, (byte)0, (byte)1 }, 1, new byte[] { 2, 0, 0, 1 })]
    [InlineData(new[] { (byte)'k', (byte)0, (byte)0, (byte)1 }, (1L << 52) + 1, new byte[0])]
    public async Task Ring_that_cannot_be_read_is_left_as_it_is(byte[] id, long rank, byte[] payload)
    {
        var store = new InMemorySessionStore(Sessions);
        await store.MergeDocumentAsync(
            KeyRingSource.DocumentName,
            [new DocumentElement(id, rank, payload, TimeSpan.MaxValue)],
            TimeSpan.MaxValue,
            default
        );
        var node = await StartAsync();
        var browser = node.Browser();
        await browser.GetAsync("/set/color/red");
        Assert.Equal(503, (int)browser.LastStatus);
        await Ring(node).RefreshAsync(default);
        var stored = Assert.Single(
            (await store.ReadDocumentAsync(KeyRingSource.DocumentName, default, default)).Elements
        );
        Assert.Equal(payload, stored.Payload.ToArray());
        Assert.Equal(rank, stored.Rank);
        Assert.True(Logs.Count("KeyRingMalformed") > 0);
    }

    [Fact]
    public async Task Store_that_came_back_empty_is_given_the_ring_back()
    {
        var store = new ReplaceableStore(new InMemorySessionStore(Sessions));
        var a = await StartAsync(store: store);
        await a.Browser().GetAsync("/set/color/red");
        var before = Text(Ring(a));
        var empty = new InMemorySessions(Time);
        store.Replace(new InMemorySessionStore(empty), new StoreContinuity(StoreLoss.Everything));
        await HoldsInTimeAsync(
            async () =>
                (await store.ReadDocumentAsync(KeyRingSource.DocumentName, default, default)).Elements.Count > 0,
            "the ring is restored"
        );
        var late = await StartAsync(store: new InMemorySessionStore(empty));
        await Ring(late).LoadAsync(default);
        Assert.Equal((before, before), (Text(Ring(a)), Text(Ring(late))));
    }

    [Fact]
    public async Task Ring_stays_readable_through_any_number_of_rotations()
    {
        var node = await StartAsync(options: options => options.KeyRotation = TimeSpan.FromHours(1));
        var browser = node.Browser();
        await browser.GetAsync("/set/color/red");
        for (var hour = 0; hour < 200; hour++)
        {
            Time.Advance(TimeSpan.FromMinutes(15));
            await Ring(node).RefreshAsync(default);
            Assert.Equal("red", await browser.GetAsync("/get/color"));
        }

        Assert.True(Ring(node).Current!.Keys.Count <= SessionKeyRing.MaxKeys);
        var late = await StartAsync();
        Assert.Equal("red", await browser.GetAsync("/get/color", late));
    }

    [Fact]
    public void Key_is_read_as_it_was_written_and_nothing_else_is_a_key()
    {
        var form = new StoredKeys("", seal: null);
        var key = new CookieKey(
            0xFFFFFE,
            DateTimeOffset.FromUnixTimeMilliseconds(9),
            RandomNumberGenerator.GetBytes(32),
            number: 7,
            revocations: 3
        );
        var bytes = form.Write(key)!;
        Assert.Equal(
            "01FFFFFE00000000000000090000000700000003" + Convert.ToHexString(key.Secret),
            Convert.ToHexString(bytes)
        );
        Assert.Equal(bytes, form.Write(form.Read(bytes)!));
        for (var length = 0; length < bytes.Length; length++)
        {
            Assert.Null(form.Read(bytes.AsSpan(0, length)));
        }

        Assert.Null(form.Read([.. bytes, 0]));
    }

    internal static string Text(KeyRingSource ring) =>
        string.Join(' ', ring.Current!.Keys.Select(key => $"{key.Id}:{Convert.ToHexString(key.Secret)}"));

    private static KeyRingSource Ring(TestNode node) => node.Services.GetRequiredService<KeyRingSource>();

    private static void LongLived(ClusterSessionOptions options) => options.IdleTimeout = TimeSpan.FromDays(200);

    private static void Keys(ClusterSessionOptions options, params (int Id, string Secret)[] keys)
    {
        foreach (var (id, secret) in keys)
        {
            options.Keys.Add(new SessionKeyOptions { Id = id, Secret = secret });
        }
    }
}
