using System.Security.Cryptography;
using System.Text;
using System.Xml.Linq;
using ClusterSession.DataProtection;
using ClusterSession.Stores;
using ClusterSession.Stores.InMemory;
using ClusterSession.TestKit.Logging;
using ClusterSession.TestKit.Servers;
using ClusterSession.TestKit.Stores;
using ClusterSession.Tests.Architecture;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.AspNetCore.DataProtection.KeyManagement;
using Microsoft.AspNetCore.DataProtection.Repositories;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;
using Xunit;

namespace ClusterSession.Tests.DataProtection;

/// <summary>Keys of Data Protection in the session store, on nodes that were started in different
/// directories.</summary>
public sealed class SharedKeyTests : IAsyncDisposable
{
    private static readonly TimeSpan LongestStart = TimeSpan.FromSeconds(60);

    private readonly InMemorySessions _sessions = new(TimeProvider.System);
    private readonly CapturedLogs _logs = new();
    private readonly List<KeyNode> _nodes = [];

    [Fact]
    public async Task Login_and_form_of_one_node_are_accepted_by_another_that_started_in_another_directory()
    {
        var (a, b) = (await StartAsync(), await StartAsync());
        var cookies = new Dictionary<string, string>();
        var token = await a.SendAsync(HttpMethod.Get, "/form", cookies);
        Assert.Equal("accepted", await b.SendAsync(HttpMethod.Post, "/form", cookies, token));
        Assert.Equal("refused", await b.SendAsync(HttpMethod.Post, "/form", [], token));
        await a.SendAsync(HttpMethod.Get, "/login", cookies);
        Assert.Equal("alice", await b.SendAsync(HttpMethod.Get, "/me", cookies));
        Assert.Equal("nobody", await b.SendAsync(HttpMethod.Get, "/me", []));
        Assert.Single(b.Keys.GetAllKeys());
    }

    /// <summary>
    /// Logins need the keys, the keys need the store, and the store needs to know how long logins
    /// live.
    /// </summary>
    [Fact]
    public async Task Nodes_that_keep_keys_and_logins_in_the_store_start_and_accept_logins_of_each_other()
    {
        var (a, b) = (await StartWithLoginsAsync(), await StartWithLoginsAsync());
        var cookies = new Dictionary<string, string>();
        await a.SendAsync(HttpMethod.Get, "/login", cookies);
        Assert.Equal("alice", await b.SendAsync(HttpMethod.Get, "/me", cookies));
        Assert.Equal("nobody", await b.SendAsync(HttpMethod.Get, "/me", []));

        // On a thread of its own: a circle among services is one that waits for itself.
        Task<KeyNode> StartWithLoginsAsync() =>
            Task.Run(() => StartAsync(sessions: builder => builder.AddTicketStore())).WaitAsync(LongestStart);
    }

    [Fact]
    public async Task Key_made_at_one_node_is_known_at_another_right_after()
    {
        var (a, b) = (await StartAsync(), await StartAsync());
        Assert.NotEmpty(a.Protector.Protect([1])); // a has its ring, which would be used for a day.
        var first = Assert.Single(b.Keys.GetAllKeys()).KeyId;
        b.Keys.CreateNewKey(DateTimeOffset.UnixEpoch, DateTimeOffset.MaxValue.AddDays(-1));
        b.Keys.RevokeKey(first);
        Assert.Equal([1], b.Protector.Unprotect(await ProtectedByAnotherKeyAsync(a, b, first)));
    }

    [Fact]
    public async Task Revocation_at_one_node_counts_at_another_right_after()
    {
        var (a, b) = (await StartAsync(), await StartAsync());
        var protectedAtA = a.Protector.Protect([1]);
        Assert.Equal([1], a.Protector.Unprotect(protectedAtA));
        b.Keys.RevokeAllKeys(DateTimeOffset.MaxValue.AddDays(-1));
        await Condition.HoldsAsync(() => IsRefused(a, protectedAtA), "the ring of the other node has expired");
    }

    [Fact]
    public async Task Store_without_an_answer_is_not_an_empty_one()
    {
        var a = await StartAsync();
        var known = Assert.Single(a.Keys.GetAllKeys()).KeyId;
        var faulty = new FaultyStore(Shared()) { Failing = StoreOperations.ReadDocument };
        var b = await StartAsync(faulty);
        var refused = Assert.Throws<InvalidOperationException>(() => Repository(b).GetAllElements());
        Assert.Contains("have not been read from the session store", refused.Message, StringComparison.Ordinal);
        Assert.ThrowsAny<Exception>(() => b.Protector.Protect([1]));
        faulty.Failing = StoreOperations.None;
        await Condition.HoldsAsync(() => HasRead(b), "the store is asked again");
        Assert.Equal(known, Assert.Single(b.Keys.GetAllKeys()).KeyId);
        Assert.Equal([1], a.Protector.Unprotect(b.Protector.Protect([1])));
        Assert.True(_logs.Count("DataProtectionKeysUnavailable") > 0);
    }

    [Fact]
    public async Task Document_that_is_missing_is_not_an_empty_one_before_the_store_has_taken_that()
    {
        var faulty = new FaultyStore(Shared()) { Failing = StoreOperations.MergeDocument };
        var node = await StartAsync(faulty);
        Assert.Throws<InvalidOperationException>(() => Repository(node).GetAllElements());
        faulty.Failing = StoreOperations.None;
        await Condition.HoldsAsync(() => HasRead(node), "the store is asked again");
        Assert.NotEmpty(node.Protector.Protect([1]));
    }

    [Fact]
    public async Task Store_that_lost_the_keys_is_given_them_back()
    {
        var store = new ReplaceableStore(Shared());
        var a = await StartAsync(store);
        var protectedBefore = a.Protector.Protect([1]);
        var empty = new InMemorySessions(TimeProvider.System);
        store.Replace(new InMemorySessionStore(empty), new StoreContinuity(StoreLoss.Everything));
        var late = await StartAsync(new InMemorySessionStore(empty));
        await Condition.HoldsAsync(() => !IsRefused(late, protectedBefore), "the keys are restored");
        await Condition.HoldsAsync(
            () =>
                a
                    .Keys.GetAllKeys()
                    .Select(key => key.KeyId)
                    .ToHashSet()
                    .SetEquals(late.Keys.GetAllKeys().Select(key => key.KeyId)),
            "both know the same keys"
        );
    }

    [Fact]
    public async Task Document_that_was_evicted_is_restored()
    {
        var a = await StartAsync();
        await Condition.HoldsAsync(async () => await StoredAsync() == 1, "the key is stored");
        _sessions.ForgetDocument(SharedXmlElements.DocumentName);
        await Condition.HoldsAsync(async () => await StoredAsync() == 1, "the key is stored again");
    }

    [Fact]
    public async Task Key_made_while_the_store_does_not_respond_is_used_here_and_stored_later()
    {
        var faulty = new FaultyStore(Shared());
        var a = await StartAsync(faulty);
        await Condition.HoldsAsync(async () => await StoredAsync() == 1, "the first key is stored");
        faulty.Failing = StoreOperations.MergeDocument;
        a.Keys.CreateNewKey(DateTimeOffset.UnixEpoch, DateTimeOffset.MaxValue.AddDays(-1));
        Assert.Equal(2, a.Keys.GetAllKeys().Count);
        Assert.Equal(1, await StoredAsync());
        faulty.Failing = StoreOperations.None;
        await Condition.HoldsAsync(async () => await StoredAsync() == 2, "the second key is stored");
    }

    [Fact]
    public async Task Key_that_the_store_never_got_is_reported_when_the_node_stops()
    {
        var faulty = new FaultyStore(Shared());
        var a = await StartAsync(faulty);
        await Condition.HoldsAsync(async () => await StoredAsync() == 1, "the first key is stored");
        faulty.Failing = StoreOperations.MergeDocument;
        a.Keys.CreateNewKey(DateTimeOffset.UnixEpoch, DateTimeOffset.MaxValue.AddDays(-1));
        await a.StopAsync();
        Assert.Equal(1, _logs.Count("DataProtectionKeysNotStored"));
    }

    [Fact]
    public async Task Key_that_was_deleted_is_not_brought_back_by_a_node_that_had_it()
    {
        var (a, b) = (await StartAsync(), await StartAsync());
        await Condition.HoldsAsync(() => HasRead(b) && b.Keys.GetAllKeys().Count == 1, "both have the key");
        var first = b.Keys.GetAllKeys().Single().KeyId;
        var keys = Assert.IsType<IDeletableKeyManager>(a.Keys, exactMatch: false);
        Assert.True(keys.CanDeleteKeys);
        keys.CreateNewKey(DateTimeOffset.UnixEpoch, DateTimeOffset.MaxValue.AddDays(-1));
        Assert.True(keys.DeleteKeys(key => key.KeyId == first));
        Assert.DoesNotContain(a.Keys.GetAllKeys(), key => key.KeyId == first);
        await Condition.HoldsAsync(
            () => b.Keys.GetAllKeys().All(key => key.KeyId != first),
            "it is gone at the other node"
        );
        await b.Services.GetRequiredService<SharedXmlElements>().RestoreAsync();
        Assert.DoesNotContain(a.Keys.GetAllKeys(), key => key.KeyId == first);
    }

    [Fact]
    public async Task Stored_keys_that_cannot_be_read_stay_as_they_are()
    {
        var store = Shared();
        await store.MergeDocumentAsync(
            SharedXmlElements.DocumentName,
            [new DocumentElement(new byte[16], 1, new byte[] { 9, 9 }, TimeSpan.MaxValue)],
            TimeSpan.MaxValue,
            default
        );
        var node = await StartAsync();
        Assert.ThrowsAny<Exception>(() => node.Protector.Protect([1]));
        var stored = await store.ReadDocumentAsync(SharedXmlElements.DocumentName, default, default);
        Assert.Equal([9, 9], Assert.Single(stored.Elements).Payload.ToArray());
        Assert.True(_logs.Count("DataProtectionKeysMalformed") > 0);
    }

    [Theory]
    [InlineData("Production", false, 1)]
    [InlineData("Production", true, 0)]
    [InlineData("Development", false, 0)]
    public async Task Keys_that_are_not_encrypted_are_warned_of_outside_of_Development(
        string environment,
        bool isEncrypted,
        int warnings
    )
    {
        using var key = RSA.Create(2048);
        using var certificate = new System.Security.Cryptography.X509Certificates.CertificateRequest(
            "CN=keys",
            key,
            HashAlgorithmName.SHA256,
            RSASignaturePadding.Pkcs1
        ).CreateSelfSigned(DateTimeOffset.UnixEpoch, DateTimeOffset.UnixEpoch.AddYears(200));
        await StartAsync(environment: environment, keys: builder =>
        {
            if (isEncrypted)
            {
                builder.ProtectKeysWithCertificate(certificate);
            }
        });
        Assert.Equal(warnings, _logs.Count("DataProtectionKeysPlain"));
        Assert.Equal(0, _logs.Count("PipelineMissing"));
    }

    [Fact]
    public async Task Applications_differ_by_their_name_and_by_the_one_that_is_set()
    {
        var (plain, named) = (
            await StartAsync(),
            await StartAsync(keys: builder => builder.SetApplicationName("shop"))
        );
        Assert.Equal(plain.Services.GetRequiredService<IHostEnvironment>().ApplicationName, Discriminator(plain));
        Assert.Equal("shop", Discriminator(named));
        Assert.True(IsRefused(named, plain.Protector.Protect([1])));
        static string? Discriminator(KeyNode node) =>
            node.Services.GetRequiredService<IOptions<DataProtectionOptions>>().Value.ApplicationDiscriminator;
    }

    [Fact]
    public void Without_the_services_of_sessions_it_says_what_is_missing()
    {
        var services = new ServiceCollection();
        services.AddLogging().AddDataProtection().PersistKeysToClusterSession();
        using var provider = services.BuildServiceProvider();
        var refused = Assert.Throws<InvalidOperationException>(() =>
            provider.GetRequiredService<IOptions<KeyManagementOptions>>().Value
        );
        Assert.Contains("call builder.Services.AddClusterSession() too", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Elements_are_read_as_they_were_written_and_nothing_else_is_a_set()
    {
        var set = XmlElements
            .Empty.With(new XElement("key", new XAttribute("id", 1)))
            .With(XElement.Parse("<a>ä b </a>"))
            .With(new XElement("gone"))
            .Retire(new XElement("gone"));
        var stored = set.Beyond(XmlElements.Empty);
        var read = XmlElements.Read(stored)!;
        Assert.True(read.IsSameAs(set));
        Assert.Empty(read.Beyond(set));
        Assert.Equal(2, read.Elements.Count);
        Assert.Equal(2, read.With(new XElement("gone")).Elements.Count);
        Assert.Equal(2, Assert.Single(stored, element => element.Payload.IsEmpty).Rank);
        foreach (var element in stored.Where(element => !element.Payload.IsEmpty))
        {
            var damaged = element.Payload.ToArray();
            damaged[^1]++;
            Assert.Null(XmlElements.Read([element with { Payload = damaged }]));
            Assert.Null(XmlElements.Read([element with { Payload = element.Payload[..^1] }]));
            Assert.Null(XmlElements.Read([element with { Rank = 3 }]));
            Assert.Null(XmlElements.Read([element with { Id = element.Id[1..] }]));
        }
    }

    [Fact]
    public async Task Element_that_is_too_large_for_the_store_is_refused_with_what_to_do()
    {
        var node = await StartAsync();
        var large = new XElement("key", new string('x', 256 * 1024));
        var refused = Assert.Throws<InvalidOperationException>(() => Repository(node).StoreElement(large, "key"));
        Assert.Contains("takes at most 262144", refused.Message, StringComparison.Ordinal);
        Assert.Contains("PersistKeysToFileSystem", refused.Message, StringComparison.Ordinal);
        Assert.Single(Repository(node).GetAllElements());
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var node in _nodes)
        {
            await node.DisposeAsync();
        }
    }

    private static IXmlRepository Repository(KeyNode node) =>
        node.Services.GetRequiredService<IOptions<KeyManagementOptions>>().Value.XmlRepository!;

    private static bool HasRead(KeyNode node)
    {
        try
        {
            Repository(node).GetAllElements();
            return true;
        }
        catch (InvalidOperationException)
        {
            return false;
        }
    }

    private static bool IsRefused(KeyNode node, byte[] secret)
    {
        try
        {
            node.Protector.Unprotect(secret);
            return false;
        }
        catch (CryptographicException)
        {
            return true;
        }
    }

    /// <summary>Something that a protects under a key that b has just made.</summary>
    /// <summary>
    /// Until they have a new ring, both protect with the former key, though it is revoked.
    /// </summary>
    private static async Task<byte[]> ProtectedByAnotherKeyAsync(KeyNode a, KeyNode b, Guid former)
    {
        byte[] secret = [];
        await Condition.HoldsAsync(
            () =>
            {
                secret = a.Protector.Protect([1]);
                var key = KeyOf(secret);
                return key != former && key == KeyOf(b.Protector.Protect([1]));
            },
            "both protect with the same new key"
        );
        return secret;

        static Guid KeyOf(byte[] protectedData) => new(protectedData.AsSpan(4, 16));
    }

    private InMemorySessionStore Shared() => new(_sessions);

    private async Task<int> StoredAsync() =>
        XmlElements
            .Read((await Shared().ReadDocumentAsync(SharedXmlElements.DocumentName, default, default)).Elements)!
            .Elements.Count;

    private async Task<KeyNode> StartAsync(
        IClusterSessionStore? store = null,
        string environment = "Production",
        Action<IDataProtectionBuilder>? keys = null,
        Action<ClusterSessionBuilder>? sessions = null
    )
    {
        var node = await KeyNode.StartAsync(store ?? Shared(), _logs, environment, keys, sessions);
        _nodes.Add(node);
        if (store is null)
        {
            // Two nodes that start at once may each make a key.
            var shared = node.Services.GetRequiredService<SharedXmlElements>();
            await Condition.HoldsAsync(() => !shared.HasUnsent, "the key that the node made at its start is stored");
        }

        return node;
    }
}
