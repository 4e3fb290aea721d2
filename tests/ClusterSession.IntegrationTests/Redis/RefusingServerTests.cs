using ClusterSession.TestKit.Metrics;
using ClusterSession.TestKit.Nodes;
using Xunit;

namespace ClusterSession.IntegrationTests.Redis;

/// <summary>
/// A server that answers and refuses writes (S20, S21; a full one is in the chaos tests), or that
/// has fewer replicas than were asked for (V10).
/// </summary>
public sealed class RefusingServerTests
{
    [Fact]
    public async Task Commits_that_a_master_without_replicas_refuses_are_kept_until_one_is_back()
    {
        await using var redis = await RedisServer.StartAsync(
            new RedisServerOptions { Config = ["min-replicas-to-write 1"] }
        );
        await using var replica = await StartReplicaAsync(redis);
        await TellAsync(redis, "NOREPLICAS", replica.Kill9Async, () => replica.StartAgainAsync());
    }

    [Fact]
    public async Task Commits_that_a_server_which_cannot_persist_refuses_are_kept_until_it_can()
    {
        await using var redis = await StartPersistingAsync();
        await TellAsync(
            redis,
            "MISCONF",
            () => FailToSaveAsync(redis),
            async () =>
            {
                Directory.Delete(SnapshotOf(redis), recursive: true);
                await SavedAsync(redis, "ok");
            }
        );
    }

    [Fact]
    public async Task Commit_that_too_few_replicas_confirm_is_answered_as_committed_and_counted_as_short()
    {
        await using var redis = await RedisServer.StartAsync();
        await using var replica = await StartReplicaAsync(redis);
        await using var a = await RedisNode.StartAsync(redis, Replicated);
        await using var b = await RedisNode.StartAsync(redis);
        using var commits = new CounterReading(a.Services, "clustersession.commits");
        using var tooFew = new CounterReading(a.Services, "clustersession.replicas.short");
        var browser = a.Browser();
        await Condition.HoldsAsync(IsConfirmedAsync, "the replica confirms");

        var (committed, unconfirmed) = (commits.Value, tooFew.Value);
        replica.Process.Stop();
        Assert.Equal("blue", await browser.GetAsync("/set/color/blue"));
        Assert.Equal(200, (int)browser.LastStatus);
        Assert.Equal((committed + 1, unconfirmed + 1), (commits.Value, tooFew.Value));
        Assert.Equal("blue", await browser.GetAsync("/get/color", b));

        replica.Process.Continue();
        await Condition.HoldsAsync(IsConfirmedAsync, "the replica confirms again");

        // On a busy machine a replica that is well may be late.
        async Task<bool> IsConfirmedAsync()
        {
            var before = tooFew.Value;
            await browser.GetAsync($"/set/n/{commits.Value}", a);
            return tooFew.Value == before;
        }

        static void Replicated(ClusterSessionOptions options) => options.Durability = SessionDurability.Replicated;
    }

    [Theory]
    [InlineData("forbids writes", "ACL", "SETUSER", "default", "-@write")]
    [InlineData("has no room for writes", "CONFIG", "SET", "maxmemory", "1")]
    [InlineData("has too few replicas for writes", "CONFIG", "SET", "min-replicas-to-write", "1")]
    public async Task Sessions_are_read_while_the_server_refuses_writes(string why, params string[] refuse)
    {
        await using var redis = await RedisServer.StartAsync();
        await ReadColdAsync(redis, why, async () => Assert.Equal("OK", await redis.CommandAsync(refuse)));
    }

    [Fact]
    public async Task Sessions_are_read_while_a_server_that_cannot_persist_refuses_writes()
    {
        await using var redis = await StartPersistingAsync();
        await ReadColdAsync(redis, "cannot persist", () => FailToSaveAsync(redis));
        Assert.Contains("errorstat_MISCONF", await redis.CommandAsync("INFO", "errorstats"), StringComparison.Ordinal);
    }

    private static async Task ReadColdAsync(RedisServer redis, string why, Func<Task> refuse)
    {
        const int Cold = 60;
        await using var a = await RedisNode.StartAsync(redis);
        await using var b = await RedisNode.StartAsync(redis);
        var browsers = Enumerable.Range(0, Cold).Select(_ => b.Browser()).ToArray();
        foreach (var browser in browsers)
        {
            Assert.Equal("red", await browser.GetOnceFoundAsync("/set/color/red", b));
        }

        var writer = a.Browser();
        await writer.GetOnceFoundAsync("/set/n/0", a);
        await refuse();

        var unserved = new List<string>();
        for (var i = 0; i < Cold; i++)
        {
            // Several at once, with nothing read in between: that is what the circuit breaker
            // counts.
            await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => a.Browser().GetAsync("/set/n/1")));
            await writer.GetAsync($"/set/n/{i}");
            if (await browsers[i].GetAsync("/get/color", a) != "red")
            {
                unserved.Add($"{i}: {(int)browsers[i].LastStatus}");
            }
        }

        Assert.True(unserved.Count == 0, $"Not read while the server {why}: {string.Join(", ", unserved)}");
        Assert.Equal((1, true), (a.Unsaved(), a.Figures().IsStoreResponding));
    }

    private static async Task TellAsync(RedisServer redis, string error, Func<Task> refuse, Func<Task> heal)
    {
        await using var a = await RedisNode.StartAsync(redis);
        await using var b = await RedisNode.StartAsync(redis);
        var (mine, others) = (a.Browser(), b.Browser());
        await mine.GetAsync("/set/color/red");
        await others.GetAsync("/set/color/green");
        await refuse();

        Assert.Equal("blue", await mine.GetAsync("/set/color/blue"));
        Assert.Equal(200, (int)mine.LastStatus);
        Assert.Equal("blue", await mine.GetAsync("/get/color"));
        Assert.Equal("green", await others.GetAsync("/get/color", a));
        Assert.Equal((1, true), (a.Unsaved(), a.Figures().IsStoreResponding));
        Assert.Contains($"errorstat_{error}", await redis.CommandAsync("INFO", "errorstats"), StringComparison.Ordinal);
        var stranger = a.Browser();
        await stranger.GetAsync("/set/color/black");
        Assert.Equal((503, false), ((int)stranger.LastStatus, stranger.LastSetCookie));

        await heal();
        await Condition.HoldsAsync(() => a.Unsaved() == 0, "what was kept is sent");
        Assert.Equal("blue", await mine.GetAsync("/get/color", b));
        Assert.Equal("False", await mine.GetAsync("/regressed", b));
    }

    private static async Task<RedisServer> StartReplicaAsync(RedisServer master)
    {
        var replica = await RedisServer.StartAsync(new RedisServerOptions { ReplicaOf = master.Port });
        // The master counts it as a good one only when it is online, some time after its own link
        // is up.
        await Condition.HoldsAsync(
            async () =>
                (await master.AskAsync("INFO", "replication")).Contains("state=online", StringComparison.Ordinal)
                && await replica.InfoAsync("replication", "master_link_status") == "up",
            "the replica is in step"
        );
        return replica;
    }

    private static Task<RedisServer> StartPersistingAsync() =>
        RedisServer.StartAsync(new RedisServerOptions { Config = ["save 3600 1", "dbfilename dump.rdb"] });

    private static string SnapshotOf(RedisServer redis) => Path.Combine(redis.WorkingDirectory, "dump.rdb");

    /// <summary>
    /// A directory in the place of the file makes the save fail, also for root.
    /// </summary>
    private static async Task FailToSaveAsync(RedisServer redis)
    {
        Directory.CreateDirectory(Path.Combine(SnapshotOf(redis), "in-the-way"));
        await SavedAsync(redis, "err");
    }

    private static async Task SavedAsync(RedisServer redis, string outcome)
    {
        await redis.CommandAsync("BGSAVE");
        await Condition.HoldsAsync(
            async () =>
                await redis.InfoAsync("persistence", "rdb_bgsave_in_progress") == "0"
                && await redis.InfoAsync("persistence", "rdb_last_bgsave_status") == outcome,
            $"the save has ended: {outcome}"
        );
    }
}
