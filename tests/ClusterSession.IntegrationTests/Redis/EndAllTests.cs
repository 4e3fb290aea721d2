using System.Diagnostics;
using System.Globalization;
using ClusterSession.Local;
using ClusterSession.Principals;
using ClusterSession.Revoking;
using ClusterSession.Stores;
using ClusterSession.TestKit.Nodes;
using ClusterSession.TestKit.Servers;
using Microsoft.Extensions.DependencyInjection;
using Xunit;

namespace ClusterSession.IntegrationTests.Redis;

/// <summary>Logging somebody out everywhere, while the store fails.</summary>
public sealed class EndAllTests(ITestOutputHelper output) : IAsyncDisposable
{
    private static readonly SentinelClusterOptions Quick = new() { DownAfter = TimeSpan.FromMilliseconds(500) };
    private static readonly TimeSpan Promised = TimeSpan.FromSeconds(1);
    private readonly List<TestNode> _nodes = [];

    [Fact]
    public async Task Nodes_with_hot_copies_refuse_all_sessions_of_one_person_and_no_other_within_a_second()
    {
        await using var redis = await RedisServer.StartAsync();
        var (a, b) = (await StartAsync(redis.ConnectionString), await StartAsync(redis.ConnectionString));
        var theirs = await Task.WhenAll(
            Enumerable.Range(0, 10).Select(i => HotAsync("alice", i % 2 == 0 ? a : b, a, b))
        );
        var (bobs, nobodys) = (await HotAsync("bob", a, b), await HotAsync(null, a, b));
        await a.EndAllAsync("alice");
        await RefusedAsync(theirs, b, a);
        Assert.Equal("red", await bobs.GetAsync("/get/color", b));
        Assert.Equal("LocalCopy", await nobodys.GetAsync("/source", b));
        await theirs[0].GetAsync("/set/color/blue?as=alice", b);
        Assert.Equal("blue", await theirs[0].GetAsync("/get/color", a));
    }

    [Fact]
    public async Task Nodes_that_are_pushed_nothing_refuse_all_sessions_of_somebody_too()
    {
        await using var redis = await RedisServer.StartAsync();
        var asking = redis.ConnectionString + ",coherence=revalidate";
        var (a, b) = (await StartAsync(asking), await StartAsync(asking));
        var theirs = await Task.WhenAll(
            Enumerable.Range(0, 4).Select(i => HotAsync("alice", i % 2 == 0 ? a : b, a, b))
        );
        var bobs = await HotAsync("bob", a, b);
        await a.EndAllAsync("alice");
        await RefusedAsync(theirs, b, a);
        Assert.Equal("red", await bobs.GetAsync("/get/color", b));
    }

    [Fact]
    public async Task Requests_of_somebody_whose_ends_are_known_cost_no_command()
    {
        await using var redis = await RedisServer.StartAsync();
        var (a, b) = (await StartAsync(redis.ConnectionString), await StartAsync(redis.ConnectionString));
        await a.EndAllAsync("alice");
        var browser = await HotAsync("bob", a, b);
        await Condition.HoldsAsync(
            async () => await browser.GetAsync("/source", b) == "LocalCopy",
            "the ends are known"
        );
        var before = await RedisCommands.CountAsync(redis);
        for (var i = 0; i < 100; i++)
        {
            await browser.GetAsync("/get/color?as=bob", b);
        }

        Assert.Equal(0, (await RedisCommands.CountAsync(redis) - before).Total);
    }

    [Fact]
    public async Task Store_that_is_stopped_and_started_empty_gets_the_ends_back()
    {
        await using var redis = await RedisServer.StartAsync();
        var (a, b) = (await StartAsync(redis.ConnectionString), await StartAsync(redis.ConnectionString));
        var browser = await HotAsync("alice", a, b);
        await a.EndAllAsync("alice");
        await redis.RestartAsync();
        await Condition.HoldsAsync(async () => await redis.AskAsync("ZCARD", Key) == OfOneEnd, "the list is restored");
        await RefusedAsync([browser], b, a);
        var late = await StartAsync(redis.ConnectionString);
        Assert.Equal("", await browser.GetAsync("/get/color", late));
    }

    [Fact]
    public async Task Master_killed_meanwhile_delays_the_acknowledgement_and_not_what_it_promises()
    {
        await using var cluster = await SentinelCluster.StartAsync(Quick);
        var (a, b) = (await StartAsync(cluster.ConnectionString), await StartAsync(cluster.ConnectionString));
        var theirs = await Task.WhenAll(
            Enumerable.Range(0, 10).Select(i => HotAsync("alice", i % 2 == 0 ? a : b, a, b))
        );
        var old = await cluster.MasterAsync();
        var killing = old.Kill9Async();
        await Condition.HoldsAsync(
            async () =>
            {
                try
                {
                    await a.EndAllAsync("alice");
                    return true;
                }
                catch (SessionUnavailableException)
                {
                    Assert.Equal("", await theirs[0].Copy().GetAsync("/get/color", a)); // Here it holds at once.
                    return false;
                }
            },
            "it is acknowledged",
            TimeSpan.FromSeconds(60)
        );
        await killing;
        await RefusedAsync(theirs, b, a);
    }

    [Fact]
    public async Task Promoted_replica_that_never_had_the_end_gets_it_from_the_nodes()
    {
        await using var cluster = await SentinelCluster.StartAsync(Quick);
        var (a, b) = (await StartAsync(cluster.ConnectionString), await StartAsync(cluster.ConnectionString));
        var browser = await HotAsync("alice", a, b);
        var old = await cluster.MasterAsync();
        var replicas = await cluster.ReplicasAsync();
        var held = await ReplicaPauser.HoldBackAsync(old, replicas);
        await a.EndAllAsync("alice");
        Assert.All(await Task.WhenAll(replicas.Select(replica => replica.AskAsync("ZCARD", Key))), members =>
            Assert.Equal(OfAnEmptyOne, members)
        );
        await old.Kill9Async();
        var promoted = await cluster.NewMasterAsync(old);
        await held.ReleaseAsync();
        await Condition.HoldsAsync(
            async () => await promoted.AskAsync("ZCARD", Key) == OfOneEnd,
            "the list is restored",
            TimeSpan.FromSeconds(60)
        );
        await RefusedAsync([browser], b, a);
        var late = await StartAsync(cluster.ConnectionString);
        Assert.Equal("", await browser.GetAsync("/get/color", late));
    }

    [Fact]
    public async Task On_a_cluster_every_shard_has_sessions_of_somebody_and_all_are_refused()
    {
        await using var cluster = await RedisClusterFixture.StartAsync();
        var (a, b) = (await StartAsync(cluster.ConnectionString), await StartAsync(cluster.ConnectionString));
        var theirs = await Task.WhenAll(
            Enumerable.Range(0, 30).Select(i => HotAsync("alice", i % 2 == 0 ? a : b, a, b))
        );
        await a.EndAllAsync("alice");
        await RefusedAsync(theirs, b, a);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task List_that_is_deleted_is_restored_by_the_nodes_and_read_by_one_that_starts_then(
        bool arePlacesDeletedToo
    )
    {
        await using var redis = await RedisServer.StartAsync();
        var (a, b) = (await StartAsync(redis.ConnectionString), await StartAsync(redis.ConnectionString));
        var browser = await HotAsync("alice", a, b);
        await a.EndAllAsync("alice");
        string[] deleted = arePlacesDeletedToo ? ["DEL", Key, Key + ":at"] : ["DEL", Key];
        await redis.CommandAsync(deleted);
        var late = await StartAsync(redis.ConnectionString);
        Assert.Equal("", await browser.Copy().GetAsync("/get/color", late));
        await Condition.HoldsAsync(async () => await redis.AskAsync("ZCARD", Key) == OfOneEnd, "the list is restored");
        await HotAsync("alice", late, a, b);
    }

    [Fact]
    public async Task An_end_of_a_principal_moves_as_little_among_many_entries_as_among_none()
    {
        await using var redis = await RedisServer.StartAsync();
        var (a, b) = (await StartAsync(redis.ConnectionString), await StartAsync(redis.ConnectionString));
        await Condition.HoldsAsync(
            async () => await a.EndAllAsync("first") == new EndAllResult(2, 2),
            "both nodes listen"
        );
        var first = await BytesAsync(redis, async () =>
        {
            for (var i = 0; i < 400; i++)
            {
                Assert.Equal(2, (await a.EndAllAsync("user" + i)).NotifiedNodes);
            }
        });
        await using (var store = RedisNode.Store(redis.ConnectionString))
        {
            await store.StartAsync(new TestKit.Conformance.RecordingObserver(), default);
            for (var i = 0; i < 50_000; i += 250)
            {
                var elements = Enumerable
                    .Range(i, 250)
                    .Select(user =>
                        new Revocation(PrincipalKey.Of("other" + user), 1, user + 1).ToElement(TimeSpan.FromHours(1))
                    );
                Assert.Equal(
                    StoreFailure.None,
                    (
                        await store.MergeDocumentAsync(
                            Revocations.DocumentName,
                            [.. elements],
                            TimeSpan.FromHours(2),
                            default
                        )
                    ).Failure
                );
            }
        }

        await Condition.HoldsAsync(
            () => new[] { a, b }.All(node => node.Services.GetRequiredService<Revocations>().Count == 50_401),
            "all is heard",
            TimeSpan.FromSeconds(30)
        );
        var later = await BytesAsync(redis, async () =>
        {
            for (var i = 0; i < 400; i++)
            {
                Assert.Equal(2, (await a.EndAllAsync("later" + i)).NotifiedNodes);
            }
        });
        output.WriteLine($"{first / 400} bytes each with few entries, {later / 400} with 50,000.");
        Assert.InRange(first / 400, 1, 1_600); // Four pushes of own writes are in it, 230 bytes.
        Assert.InRange(later / 400, 1, (first / 400) + 100);
    }

    [Fact]
    public async Task Ends_at_the_same_time_share_their_commands()
    {
        await using var redis = await RedisServer.StartAsync();
        var (a, b) = (await StartAsync(redis.ConnectionString), await StartAsync(redis.ConnectionString));
        await Condition.HoldsAsync(
            async () => await a.EndAllAsync("first") == new EndAllResult(2, 2),
            "both nodes listen"
        );
        var before = await RedisCommands.CountAsync(redis);
        var alone = await a.EndAllAsync("alone");
        var one = (await RedisCommands.CountAsync(redis) - before).Documents;
        before = await RedisCommands.CountAsync(redis);
        var bytes = await BytesAsync(redis, () =>
            Task.WhenAll(Enumerable.Range(0, 400).Select(i => a.EndAllAsync("user" + i)))
        );
        var all = (await RedisCommands.CountAsync(redis) - before).Documents;
        output.WriteLine($"{one} commands for one, {all} for 400 at once, {bytes / 400} bytes each.");
        Assert.Equal((2, true), (alone.ServingNodes, alone.AllNodesNotified));
        Assert.InRange(one, 3, 8);
        Assert.InRange(all, 3, 200);
        Assert.InRange(bytes / 400, 1, 500);
    }

    [Fact]
    public async Task Entries_that_are_over_leave_the_store_with_the_ones_that_come()
    {
        await using var redis = await RedisServer.StartAsync();
        await using var store = RedisNode.Store(redis.ConnectionString);
        await store.StartAsync(new TestKit.Conformance.RecordingObserver(), default);
        await MergeAsync(0, 200, TimeSpan.FromMilliseconds(1));
        for (var i = 0; i < 1_000 && await redis.AskAsync("ZCARD", Key) != "12"; i++)
        {
            await MergeAsync(1_000 + (i % 10), 1, TimeSpan.FromHours(1), rank: i + 1);
        }

        Assert.Equal(("12", "10"), (await redis.AskAsync("ZCARD", Key), await redis.AskAsync("HLEN", Key + ":at")));
        Assert.InRange(
            long.Parse(await redis.AskAsync("PTTL", Key), CultureInfo.InvariantCulture),
            3_500_000,
            7_200_000
        );

        async Task MergeAsync(int from, int count, TimeSpan life, long rank = 1)
        {
            var elements = Enumerable
                .Range(from, count)
                .Select(i => new Revocation(PrincipalKey.Of("user" + i), 1, rank).ToElement(life));
            Assert.Equal(
                StoreFailure.None,
                (
                    await store.MergeDocumentAsync(
                        Revocations.DocumentName,
                        [.. elements],
                        TimeSpan.FromHours(2),
                        default
                    )
                ).Failure
            );
        }
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var node in _nodes)
        {
            await node.DisposeAsync();
        }
    }

    private static string Key => "cs:1:document:{" + Revocations.DocumentName + "}";

    /// <summary>The incarnation, and the number of the last change.</summary>
    private const string OfAnEmptyOne = "2";

    private const string OfOneEnd = "3";

    private static async Task<long> BytesAsync(RedisServer redis, Func<Task> work)
    {
        var before = await CountAsync();
        await work();
        return await CountAsync() - before;

        async Task<long> CountAsync() =>
            long.Parse(await redis.InfoAsync("stats", "total_net_input_bytes"), CultureInfo.InvariantCulture)
            + long.Parse(await redis.InfoAsync("stats", "total_net_output_bytes"), CultureInfo.InvariantCulture);
    }

    private async Task<TestNode> StartAsync(string connectionString)
    {
        var node = await TestNode.StartAsync(RedisNode.Store(connectionString), before: Login.ByQuery);
        _nodes.Add(node);
        return node;
    }

    private static async Task<TestBrowser> HotAsync(string? name, TestNode first, params TestNode[] nodes)
    {
        var query = name is null ? "" : "?as=" + name;
        var browser = first.Browser();
        await browser.GetAsync("/set/color/red" + query);
        foreach (var node in nodes)
        {
            Assert.Equal("red", await browser.GetAsync("/get/color" + query, node));
        }

        return browser;
    }

    /// <summary>
    /// Each of the nodes, one after the other, refuses all of these within what is promised after
    /// the acknowledgement, and from then on.
    /// </summary>
    private static async Task RefusedAsync(IReadOnlyList<TestBrowser> browsers, params TestNode[] nodes)
    {
        var since = Stopwatch.StartNew();
        foreach (var node in nodes)
        {
            foreach (var browser in browsers)
            {
                await Condition.HoldsAsync(
                    async () => await browser.Copy().GetAsync("/get/color", node) == "",
                    "the session is refused",
                    Promised - since.Elapsed is var left && left > TimeSpan.Zero ? left : TimeSpan.Zero
                );
            }
        }

        foreach (var node in nodes)
        {
            foreach (var browser in browsers)
            {
                Assert.Equal("", await browser.Copy().GetAsync("/get/color", node));
            }
        }
    }
}
