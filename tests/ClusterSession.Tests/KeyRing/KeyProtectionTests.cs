using System.Security.Cryptography;
using ClusterSession.KeyRing;
using ClusterSession.Stores.InMemory;
using ClusterSession.TestKit.Nodes;
using ClusterSession.Tests.Nodes;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.Extensions.DependencyInjection;
using Xunit;

namespace ClusterSession.Tests.KeyRing;

/// <summary>The ring of keys in the store is of no use to who reads it (ProtectKeysWith).</summary>
public sealed class KeyProtectionTests : NodeTests
{
    private readonly string _secret = NewSecret();

    [Fact]
    public async Task Stored_ring_holds_no_key_in_plain_and_nodes_with_the_secret_share_it()
    {
        var (a, b) = (await StartAsync(_secret), await StartAsync(_secret));
        var browser = a.Browser();
        await browser.GetAsync("/set/color/red");
        Assert.Equal("red", await browser.GetAsync("/get/color", b));

        var stored = await StoredAsync();
        var key = Assert.Single(stored);
        Assert.Equal(SecretSeal.SecretFormat, key[0]);
        Assert.True(key.AsSpan().IndexOf(Ring(a).Signing.Secret) < 0, "the key is not there");
        Assert.Equal(1, Logs.Count("KeyRingCreated"));
    }

    [Fact]
    public async Task Ring_that_lies_plain_is_read_and_sealed_when_it_is_next_written()
    {
        var old = await StartAsync(secret: null);
        var browser = old.Browser();
        await browser.GetAsync("/set/color/red");
        await StopAsync(old);
        var (a, b) = (await StartAsync(_secret), await StartAsync(_secret));
        Assert.Equal("red", await browser.GetAsync("/get/color", a));
        Assert.Equal(1, Assert.Single(await StoredAsync())[0]);
        await HoldsInTimeAsync(() => Logs.Count("KeyRingStillPlain") == 2, "both nodes warn of it, once");

        await a.Services.GetRequiredService<ISessionManager>().RotateKeysAsync(revoke: false);

        Assert.All(await StoredAsync(), key => Assert.Equal(SecretSeal.SecretFormat, key[0]));
        await HoldsInTimeAsync(() => Ring(b).Signing.Id == Ring(a).Signing.Id, "the other node has the new key");
        Assert.Equal("red", await browser.GetAsync("/get/color", b));
        Assert.Equal(2, Logs.Count("KeyRingStillPlain"));
    }

    [Fact]
    public async Task Node_with_another_secret_or_none_starts_no_session_says_so_and_leaves_the_ring()
    {
        await (await StartAsync(_secret)).Browser().GetAsync("/set/color/red");
        var stored = await StoredAsync();
        foreach (var secret in new[] { NewSecret(), null })
        {
            var before = Logs.Count("KeyRingLocked");
            var node = await StartAsync(secret);
            var browser = node.Browser();
            await browser.GetAsync("/set/color/red");
            Assert.Equal(503, (int)browser.LastStatus);
            Assert.False(browser.LastSetCookie);
            Assert.True(Logs.Count("KeyRingLocked") > before);
            await Assert.ThrowsAsync<InvalidOperationException>(() =>
                node.Services.GetRequiredService<ISessionManager>().RotateKeysAsync(revoke: true)
            );
        }

        Assert.Equal(stored, await StoredAsync());
        Assert.Equal(0, Logs.Count("KeyRingMalformed"));
    }

    [Fact]
    public async Task Secret_is_replaced_node_by_node_without_a_refused_cookie()
    {
        var next = NewSecret();
        var a = await StartAsync(_secret);
        var browser = a.Browser();
        await browser.GetAsync("/set/color/red");
        var b = await StartAsync(next, _secret);
        Assert.Equal("red", await browser.GetAsync("/get/color", b));
        await StopAsync(a);
        await b.Services.GetRequiredService<ISessionManager>().RotateKeysAsync(revoke: false);
        var c = await StartAsync(next);
        Assert.Equal("red", await browser.GetAsync("/get/color", c));
    }

    [Fact]
    public async Task Ring_is_sealed_with_data_protection_where_that_is_named()
    {
        var provider = new EphemeralDataProtectionProvider();
        var a = await StartAsync(services: services => services.AddClusterSession().ProtectKeysWith(_ => provider));
        var b = await StartAsync(services: services => services.AddClusterSession().ProtectKeysWith(_ => provider));
        var browser = a.Browser();
        await browser.GetAsync("/set/color/red");
        Assert.Equal("red", await browser.GetAsync("/get/color", b));
        Assert.Equal(DataProtectionSeal.DataProtectionFormat, Assert.Single(await StoredAsync())[0]);
    }

    private static KeyRingSource Ring(TestNode node) => node.Services.GetRequiredService<KeyRingSource>();

    private static string NewSecret() => Convert.ToBase64String(RandomNumberGenerator.GetBytes(32));

    /// <summary>The keys as they are stored.</summary>
    private async Task<byte[][]> StoredAsync()
    {
        var read = await new InMemorySessionStore(Sessions).ReadDocumentAsync(
            KeyRingSource.DocumentName,
            default,
            default
        );
        return [.. read.Elements.Select(element => element.Payload.ToArray())];
    }

    private Task<TestNode> StartAsync(string? secret, params string[] former) =>
        StartAsync(services: services =>
        {
            if (secret is not null)
            {
                services.AddClusterSession().ProtectKeysWith(secret, former);
            }
        });
}
