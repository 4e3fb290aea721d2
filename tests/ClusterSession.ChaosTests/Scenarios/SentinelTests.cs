using System.Diagnostics;
using System.Text.RegularExpressions;
using ClusterSession.ChaosNode;
using ClusterSession.ChaosTests.Cluster;
using ClusterSession.Histories.Checking;
using ClusterSession.TestKit.Servers;
using Xunit;

namespace ClusterSession.ChaosTests.Scenarios;

/// <summary>
/// A master, two replicas and three sentinels, two nodes (S01, S02, S04, S23, S24 of the fault
/// list).
/// </summary>
public sealed partial class SentinelTests(ITestOutputHelper output)
{
    /// <summary>
    /// No request waits for the store longer than the hard timeout, over all that it asks of it. At
    /// length 1.1 s were seen; the limit here leaves room for a starved machine.
    /// </summary>
    private static readonly TimeSpan LongestRequest = 4 * new OutageOptions().HardTimeout;

    private static readonly CheckOptions Options = CheckOptions.Default with
    {
        MinimumCrossNodeReads = 0,
        HardLimit = LongestRequest,
    };

    [Fact]
    public async Task Master_killed_under_load_loses_nothing_and_fails_no_session_with_a_local_copy()
    {
        await using var redis = await SentinelCluster.StartAsync();
        await using var nodes = await ChaosCluster.StartAsync(2, new NodeSettings { Store = redis.ConnectionString });
        IReadOnlyList<string> failed = [];
        await Story.TellWithoutLossAsync(
            output,
            Story.Sticky("master killed", nodes, "kill -9"),
            Options,
            async story =>
            {
                for (var i = 0; i < Story.Times(normally: 2, atLength: 20); i++)
                {
                    var master = await redis.MasterAsync();
                    var replicas = await redis.StandbysAsync();
                    await Task.WhenAll(replicas.Select(r => r.CommandAsync("CONFIG", "RESETSTAT")));
                    await story.FaultAsync(
                        "kill -9",
                        $"master on port {master.Port}",
                        master.Kill9Async,
                        async () =>
                        {
                            await FirstCommitAsync(redis, replicas);
                            await redis.NewMasterAsync(master);
                        },
                        () => redis.RejoinAsync(master)
                    );
                    await story.GoOnAsync();
                }

                failed = story.FailedRequests();
            }
        );
        Assert.True(failed.Count == 0, string.Join(Environment.NewLine, failed));
    }

    [Fact]
    public async Task Master_frozen_until_another_one_rules_and_then_thawed_loses_nothing()
    {
        await using var redis = await SentinelCluster.StartAsync();
        await using var nodes = await ChaosCluster.StartAsync(2, new NodeSettings { Store = redis.ConnectionString });
        IReadOnlyList<string> failed = [];
        await Story.TellWithoutLossAsync(
            output,
            Story.Sticky("master frozen", nodes, "SIGSTOP"),
            Options,
            async story =>
            {
                for (var i = 0; i < Story.Times(normally: 1, atLength: 10); i++)
                {
                    var master = await redis.MasterAsync();
                    await story.FaultAsync(
                        "SIGSTOP",
                        $"master on port {master.Port}",
                        Freeze(master),
                        () => redis.NewMasterAsync(master),
                        Thaw(master)
                    );
                    await story.GoOnAsync();
                    await redis.InSyncAsync();
                }

                failed = story.FailedRequests();
            }
        );
        Assert.True(failed.Count == 0, string.Join(Environment.NewLine, failed));
    }

    [Fact]
    public async Task Commits_that_no_replica_had_are_replayed_to_the_promoted_one()
    {
        await using var redis = await SentinelCluster.StartAsync();
        await using var nodes = await ChaosCluster.StartAsync(2, new NodeSettings { Store = redis.ConnectionString });
        await Story.TellWithoutLossAsync(
            output,
            Story.Sticky("replicas held back", nodes, "kill -9 of a master that is ahead"),
            Options,
            async story =>
            {
                for (var i = 0; i < Story.Times(normally: 2, atLength: 20); i++)
                {
                    var master = await redis.MasterAsync();
                    var replicas = await redis.ReplicasAsync();
                    var pauser = await ReplicaPauser.HoldBackAsync(master, replicas);
                    await story.CommitsAsync(200);
                    var lag = await pauser.LagBytesAsync();
                    Assert.True(lag > 0, "the replicas lack what the master has acknowledged");
                    output.WriteLine($"the replicas lack {lag} bytes of acknowledged commits");
                    await story.FaultAsync(
                        "kill -9 of a master that is ahead",
                        $"master on port {master.Port}",
                        master.Kill9Async,
                        () => redis.NewMasterAsync(master),
                        async () =>
                        {
                            await pauser.ReleaseAsync();
                            await redis.RejoinAsync(master);
                            await redis.InSyncAsync();
                        }
                    );
                    await story.GoOnAsync();
                }
            }
        );
    }

    [Fact]
    public async Task Planned_failover_loses_nothing_and_fails_nobody()
    {
        await using var redis = await SentinelCluster.StartAsync();
        await using var nodes = await ChaosCluster.StartAsync(2, new NodeSettings { Store = redis.ConnectionString });
        IReadOnlyList<string> failed = [];
        await Story.TellWithoutLossAsync(
            output,
            Story.Sticky("planned failover", nodes, "SENTINEL FAILOVER"),
            Options,
            async story =>
            {
                for (var i = 0; i < Story.Times(normally: 1, atLength: 20); i++)
                {
                    var master = await redis.MasterAsync();
                    await story.FaultAsync(
                        "SENTINEL FAILOVER",
                        $"master on port {master.Port}",
                        redis.FailoverAsync,
                        () => redis.NewMasterAsync(master),
                        () => redis.InSyncAsync()
                    );
                    await story.GoOnAsync();
                }

                failed = story.FailedRequests();
            }
        );
        Assert.True(failed.Count == 0, string.Join(Environment.NewLine, failed));
    }

    /// <summary>
    /// Waits until a node has committed to a promoted replica, and tells how long after one took
    /// writes. Commits are scripts, and a replica is sent what they do and not the scripts, so the
    /// first one it counts is a node's. The one that is promoted first need not be the one that
    /// stays: on a starved machine two sentinels began a failover each, and the replica of the
    /// loser was demoted again.
    /// </summary>
    private async Task FirstCommitAsync(SentinelCluster redis, IReadOnlyList<RedisServer> replicas)
    {
        var promoted = await redis.PromotedAsync(replicas);
        var since = Stopwatch.GetTimestamp();
        await Condition.HoldsAsync(
            async () =>
                (await Task.WhenAll(replicas.Select(r => r.AskAsync("INFO", "commandstats")))).Any(stats =>
                    Executed().Match(stats) is { Success: true } scripts
                    && scripts.Groups["calls"].Value != scripts.Groups["failed"].Value
                ),
            "a node has committed to the promoted replica"
        );
        output.WriteLine(
            $"first commit {Stopwatch.GetElapsedTime(since).TotalMilliseconds:0} ms after port {promoted.Port} took writes"
        );
    }

    [GeneratedRegex(@"cmdstat_evalsha:calls=(?<calls>\d+),.*,failed_calls=(?<failed>\d+)")]
    private static partial Regex Executed();

    private static Func<Task> Freeze(RedisServer server) =>
        () =>
        {
            server.Process.Stop();
            return Task.CompletedTask;
        };

    private static Func<Task> Thaw(RedisServer server) =>
        () =>
        {
            server.Process.Continue();
            return Task.CompletedTask;
        };
}
