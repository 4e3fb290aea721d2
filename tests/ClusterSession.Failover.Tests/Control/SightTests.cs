using ClusterSession.Failover.Documents;
using ClusterSession.Failover.Sights;
using ClusterSession.Failover.Tests.Simulation;
using ClusterSession.Redis.Connection.Fencing;
using Xunit;

namespace ClusterSession.Failover.Tests.Control;

/// <summary>What is seen of a Redis in each state, and what cannot be seen.</summary>
public sealed class SightTests
{
    [Fact]
    public async Task Sight_of_each_state_is_what_the_simulation_shows()
    {
        await using var first = await ClosedRedis.StartAsync();
        await using var second = await ClosedRedis.StartAsync();
        var world = new SimWorld(1);
        var cluster = new SimCluster(world, SimCluster.ShortWindows, MemberKind.Candidate, MemberKind.Candidate);
        var (one, two) = (cluster.Hosts[0].Redis, cluster.Hosts[1].Redis);
        await AlikeAsync("started");

        var tenure = await first.PromoteAsync(epoch: 1);
        var simulated = new Tenure(one.RunId, 1);
        one.Promote(simulated);
        await AlikeAsync("promoted");

        await first.Control.OpenAsync(tenure, ClosedRedis.In(TimeSpan.FromHours(1)), default);
        one.Open(Record(simulated));
        await first.CommitAsync(tenure, "data");
        Assert.Equal(1, one.Commit(1));
        await AlikeAsync("open");

        await second.FollowAsync(first, tenure);
        two.Follow(one, simulated);
        two.Replicate();
        await AlikeAsync("followed");

        await first.Control.CloseAsync(default);
        one.Close();
        two.Replicate();
        await AlikeAsync("closed");

        var next = await second.PromoteAsync(epoch: 2);
        two.Promote(new Tenure(two.RunId, 2));
        one.Replicate();
        await AlikeAsync("promoted after it");

        await first.FollowAsync(second, next);
        one.Follow(two, new Tenure(two.RunId, 2));
        one.Replicate();
        await AlikeAsync("follows its replica");

        await second.Control.OpenAsync(next, ClosedRedis.In(TimeSpan.FromHours(1)), default);
        two.Open(Record(new Tenure(two.RunId, 2)));
        one.Replicate();
        await AlikeAsync("open again");

        SimRecord Record(Tenure tenure)
        {
            var life = TimeSpan.FromHours(1);
            return new SimRecord(tenure, cluster.Hosts[0].Wall + life, world.Now + life, life);
        }

        async Task AlikeAsync(string state)
        {
            var expected = $"{state}: {Shown(one.Look(), two.Look())} {Shown(two.Look(), one.Look())}";
            var seen = "";
            try
            {
                await Condition.HoldsAsync(async () =>
                {
                    var (x, y) = (await first.SeenAsync(), await second.SeenAsync());
                    return (seen = $"{state}: {Shown(x, y)} {Shown(y, x)}") == expected;
                });
            }
            catch (TimeoutException)
            {
                Assert.Equal(expected, seen); // Shows the difference.
                throw;
            }
        }
    }

    [Fact]
    public async Task Dead_Redis_is_refused_and_a_frozen_one_unreachable_and_both_are_seen_again()
    {
        await using var redis = await ClosedRedis.StartAsync();
        await redis.SeenAsync();
        redis.Server.Process.Stop();
        var first = redis.Probe.LookAsync(default).AsTask();
        Assert.Equal(RedisReach.Unreachable, (await redis.Probe.LookAsync(default)).Reach);
        Assert.Equal(RedisReach.Unreachable, (await first).Reach);
        Assert.NotNull(redis.Probe.Trouble);
        redis.Server.Process.Continue();
        await redis.SeenAsync(sight => sight.IsReachable, "it is seen again");
        Assert.Null(redis.Probe.Trouble);

        await redis.Server.Kill9Async();
        Assert.Equal(RedisReach.Refused, (await redis.Probe.LookAsync(default)).Reach);
        await redis.Server.StartAgainAsync();
        await redis.SeenAsync(sight => sight.IsReachable, "it is seen again");
    }

    [Fact]
    public async Task Look_whose_waiting_is_cancelled_ends()
    {
        await using var redis = await ClosedRedis.StartAsync();
        await redis.SeenAsync();
        redis.Server.Process.Stop();
        using var cancellation = new CancellationTokenSource();
        var look = redis.Probe.LookAsync(cancellation.Token).AsTask();
        await cancellation.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => look);
    }

    [Fact]
    public async Task Redis_that_hides_its_data_or_runs_a_script_is_unreachable_until_it_shows_it()
    {
        await using var redis = await ClosedRedis.StartAsync(config: "busy-reply-threshold 50");
        await redis.SeenAsync();
        await redis.AskAsync("CONFIG", "SET", "replica-serve-stale-data", "no");
        await UnreachableAsync("MASTERDOWN");
        await redis.AskAsync("CONFIG", "SET", "replica-serve-stale-data", "yes");
        await redis.SeenAsync(sight => sight.IsReachable, "it shows its data");

        var script = redis.AskAsync("EVAL", "while true do end", "0");
        await UnreachableAsync("BUSY");
        await redis.AskAsync("SCRIPT", "KILL");
        await script;
        await redis.SeenAsync(sight => sight.IsReachable, "the script is over");

        async Task UnreachableAsync(string why) =>
            await Condition.HoldsAsync(
                async () =>
                    (await redis.Probe.LookAsync(default)).Reach == RedisReach.Unreachable
                    && redis.Probe.Trouble!.Contains(why, StringComparison.Ordinal),
                $"it is unreachable: {why}"
            );
    }

    [Fact]
    public async Task Redis_that_loads_its_data_is_unreachable()
    {
        await using var redis = await ClosedRedis.StartAsync(appendOnly: true);
        var tenure = await redis.OpenAsync(epoch: 1);
        await redis.CommitAsync(tenure, "kept");
        await redis.AskAsync("DEBUG", "POPULATE", "3000");
        await redis.AskAsync("BGREWRITEAOF");
        await Condition.HoldsAsync(
            async () => await redis.InfoAsync("persistence", "aof_rewrite_in_progress") == "0",
            "the file is written"
        );
        await redis.Server.Kill9Async();
        await redis.Server.StartAgainAsync("key-load-delay 1000", "loading-process-events-interval-bytes 1024");
        Assert.Equal(RedisReach.Unreachable, (await redis.Probe.LookAsync(default)).Reach);
        await redis.SeenAsync(sight => sight.IsReachable && sight.DataEpoch == 1, "it has loaded them");
    }

    [Fact]
    public async Task Epoch_that_cannot_be_read_makes_it_unreachable_and_a_record_is_none()
    {
        await using var redis = await ClosedRedis.StartAsync();
        await redis.OpenAsync(epoch: 1);
        await redis.AskAsync("SET", ClosedRedis.Lease, "what is this");
        Assert.Null((await redis.SeenAsync()).Record);
        await redis.AskAsync("SET", ClosedRedis.Epoch, "what is this");
        Assert.Equal(RedisReach.Unreachable, (await redis.Probe.LookAsync(default)).Reach);
        Assert.Contains("epoch", redis.Probe.Trouble, StringComparison.Ordinal);
    }

    /// <summary>
    /// All that decisions rest on; names and histories are compared with the other's. A real master
    /// renames a history that nobody has when its first replica comes.
    /// </summary>
    private static string Shown(RedisSight own, RedisSight other) =>
        string.Join(
            ' ',
            own.Reach,
            own.IsMaster ? "master" : "replica",
            own.IsLinkUp ? "linked" : "alone",
            own.IsEmpty ? "empty" : $"epoch {own.DataEpoch}",
            own.AdmitsClients ? "admits" : "refuses",
            own.HasOwnRecord ? "own" : "no",
            $"record {own.Record?.Epoch}",
            own.Follows is { } tenure ? $"follows {tenure.Epoch} {tenure.RunId == other.RunId}" : "follows nobody",
            $"admits [{string.Join(' ', own.Admits.Select(user => $"{user.Epoch} {user.RunId == own.RunId}"))}]",
            own.HistoryId.Length > 0 && own.HistoryId == other.HistoryId ? "one history" : "histories",
            own.FormerHistoryId.Length > 0 && own.FormerHistoryId == other.HistoryId
                ? $"after the other's {own.FormerOffset >= other.Offset}"
                : ""
        );
}
