using System.Globalization;
using ClusterSession.TestKit.Logging;
using ClusterSession.TestKit.Nodes;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Xunit;

namespace ClusterSession.IntegrationTests.Redis.Damage;

/// <summary>
/// Documents that all nodes share and that are not to be used: nodes go on with what they know, the
/// log names the document, and once it is deleted it is restored.
/// </summary>
public sealed class DamagedDocumentTests : IAsyncLifetime
{
    private const string OtherType = "there is something of another type under its key";
    private const string Unreadable = "its header or one of its values cannot be read";
    private const string Cut = "one of its elements is cut off";

    private const string String = "redis.call('DEL', KEYS[1]) redis.call('SET', KEYS[1], 'x')";
    private const string Hash = "redis.call('DEL', KEYS[1]) redis.call('HSET', KEYS[1], 'm', 'x')";
    private const string NoLast = "redis.call('ZREM', KEYS[1], 's')";
    private const string CutElement = """
        for i, member in ipairs(redis.call('ZRANGE', KEYS[1], 0, -1)) do
          if string.sub(member, 1, 1) == 'e' then
            local at = redis.call('ZSCORE', KEYS[1], member)
            redis.call('ZREM', KEYS[1], member)
            redis.call('ZADD', KEYS[1], at, string.sub(member, 1, 5))
          end
        end
        """;

    private readonly CapturedLogs _logs = new();
    private readonly List<TestNode> _nodes = [];
    private RedisServer _redis = null!;

    public async ValueTask InitializeAsync() => _redis = await RedisServer.StartAsync();

    public async ValueTask DisposeAsync()
    {
        foreach (var node in _nodes)
        {
            await node.DisposeAsync();
        }

        await _redis.DisposeAsync();
        _logs.Dispose();
    }

    [Theory]
    [InlineData("keyring", String, OtherType)]
    [InlineData("keyring", Hash, OtherType)]
    [InlineData("keyring", NoLast, Unreadable)]
    [InlineData("keyring", CutElement, Cut)]
    [InlineData("revocations", String, OtherType)]
    [InlineData("revocations", Hash, OtherType)]
    [InlineData("revocations", NoLast, Unreadable)]
    [InlineData("revocations", CutElement, Cut)]
    [InlineData("ends", String, OtherType)]
    [InlineData("ends", CutElement, Cut)]
    public async Task Damaged_document_fails_no_session_that_nodes_know_is_named_and_is_restored_once_deleted(
        string document,
        string damage,
        string reason
    )
    {
        var (a, b) = (await StartAsync(), await StartAsync());
        var (alice, nobody, bob) = (a.Browser(), b.Browser(), a.Browser());
        await alice.GetOnceFoundAsync("/set/color/red?as=alice", a);
        await nobody.GetOnceFoundAsync("/set/color/red", b);
        await bob.GetOnceFoundAsync("/set/color/red?as=bob", a);
        var (destroyed, former) = (a.Browser(), bob.Copy());
        await destroyed.GetOnceFoundAsync("/set/color/red", a);
        await destroyed.GetOnceFoundAsync("/destroy", a);
        await a.EndAllAsync("bob");
        var key = $"cs:1:document:{{{document}}}";
        await Condition.HoldsAsync(
            async () => int.Parse(await _redis.AskAsync("ZCARD", key), CultureInfo.InvariantCulture) > 2,
            "the document has an element"
        );
        await ServedAsync(alice, nobody, a, b);

        var done = await _redis.CommandAsync("EVAL", damage, "1", key);
        Assert.False(done.StartsWith('-'), done);
        var late = await StartAsync();
        await Condition.HoldsAsync(
            () =>
                _logs.All.Any(log =>
                    log.Event.Name == "DocumentDamaged"
                    && log.Text.Contains($"'{document}'", StringComparison.Ordinal)
                    && log.Text.Contains(reason, StringComparison.Ordinal)
                ),
            "the log names it"
        );
        for (var i = 0; i < 10; i++)
        {
            await ServedAsync(alice, nobody, a, b);
            var begun = a.Browser();
            Assert.Equal("red", await begun.GetAsync("/set/color/red"));
            Assert.Equal("red", await begun.GetAsync("/get/color", b));
        }

        Assert.Equal(0, _logs.Count("StoreUnanswering"));
        var copy = alice.Copy();
        await copy.GetAsync("/get/color?as=alice", late);
        Assert.False(copy.LastSetCookie); // It may wait, and takes nobody's cookie back.

        await _redis.CommandAsync("DEL", key, key + ":at");
        await Condition.HoldsAsync(
            async () => await _redis.CommandAsync("TYPE", key) == "zset",
            "it is restored by those who know it"
        );
        Assert.Equal("red", await alice.GetOnceFoundAsync("/get/color?as=alice", late));
        Assert.Equal("red", await nobody.GetOnceFoundAsync("/get/color", late));
        Assert.Equal("", await former.GetOnceFoundAsync("/get/color", late));
        Assert.InRange(_logs.Count("DocumentDamaged"), 1, _nodes.Count);
    }

    private static async Task ServedAsync(TestBrowser alice, TestBrowser nobody, TestNode a, TestNode b)
    {
        foreach (var node in new[] { a, b })
        {
            Assert.Equal("red", await alice.GetAsync("/get/color?as=alice", node));
            Assert.Equal("red", await nobody.GetAsync("/get/color", node));
            Assert.Equal("red", await nobody.GetAsync("/set/color/red", node));
        }
    }

    private async Task<TestNode> StartAsync()
    {
        var node = await TestNode.StartAsync(
            RedisNode.Store(_redis.ConnectionString),
            services: services => services.AddSingleton<ILoggerProvider>(_logs),
            before: Login.ByQuery
        );
        _nodes.Add(node);
        return node;
    }
}
