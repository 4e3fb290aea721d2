using System.Globalization;
using ClusterSession.ChaosNode;
using ClusterSession.ChaosNode.Broken;
using ClusterSession.ChaosTests.Cluster;
using ClusterSession.ChaosTests.Scenarios;
using ClusterSession.Histories.Checking;
using ClusterSession.TestKit.Servers;
using Xunit;

namespace ClusterSession.ChaosTests.Controls;

/// <summary>
/// Two servers and nobody who numbers their configurations: the second one has taken over, and
/// while it is down the first one comes back with its old data and calls itself master. Both builds
/// are without replay and local copies, which would replay what a node had written to the wrong
/// server.
/// </summary>
public sealed class HistoryCheckControlTests(ITestOutputHelper output)
{
    private const string Switch = "planned switch";
    private const string Back = "deposed master alone";

    // What one node keeps until the new master takes it, the other one can only report as missing:
    // the clients move on from every 503.
    private static readonly CheckOptions Options = CheckOptions.Default with
    {
        MinimumCrossNodeReads = 0,
        RegressionsMayBeReportedDuringFaults = true,
    };

    [Fact]
    public async Task With_the_check_of_histories_nobody_writes_to_a_deposed_master()
    {
        var verdict = await TellAsync(BrokenPart.Replay, (story, _, _) => story.LastsAsync(TimeSpan.FromSeconds(3)));

        Assert.True(verdict.Outcome == VerdictOutcome.Passed && Story.LostForGood(verdict) == 0, verdict.ToString());
    }

    [Fact]
    public async Task Without_the_check_of_histories_what_was_written_to_a_deposed_master_is_lost()
    {
        var verdict = await TellAsync(BrokenPart.Replay | BrokenPart.HistoryCheck, async (story, deposed, nodes) =>
        {
            await Condition.HoldsAsync(
                async () => await CommittingNodesAsync(deposed) == nodes.Nodes.Count,
                "each node commits to the deposed master"
            );

            // Counted where they are lost: on a slow machine a hundred commits were acknowledged
            // from the nodes' journals meanwhile, and one session lost something.
            var until = await WrittenRecordsAsync(deposed) + 100;
            await Condition.HoldsAsync(
                async () => await WrittenRecordsAsync(deposed) >= until,
                "100 more commits are written to the deposed master",
                TimeSpan.FromSeconds(60)
            );
        });

        Assert.True(
            verdict.Outcome == VerdictOutcome.Failed && verdict.Found("LOST-ENTRY") && Story.LostForGood(verdict) > 0,
            verdict.ToString()
        );
    }

    private async Task<Verdict> TellAsync(BrokenPart broken, Func<Story, RedisServer, ChaosCluster, Task> whileBack)
    {
        await using var deposed = await RedisServer.StartAsync(new RedisServerOptions { AppendOnly = true });
        await using var successor = await RedisServer.StartAsync(
            new RedisServerOptions { AppendOnly = true, ReplicaOf = deposed.Port }
        );
        await InStepAsync(deposed, successor);
        await using var nodes = await ChaosCluster.StartAsync(
            2,
            new NodeSettings { Store = $"{deposed.Endpoint},{successor.Endpoint}", Broken = broken },
            "--ClusterSession:LocalCopies:MaxCount=0",
            "--ClusterSession:Outage:ReplayWindow=00:00:00"
        );
        return await Story.TellAsync(
            output,
            Story.Sticky($"deposed master, broken: {broken}", nodes, Switch, Back),
            Options,
            async story =>
            {
                // After it the first server has all that was written until then, and nothing of
                // what comes.
                await story.FaultAsync(
                    Switch,
                    successor.Endpoint,
                    async () =>
                    {
                        await deposed.CommandAsync("CLIENT", "PAUSE", "60000", "WRITE");
                        await InStepAsync(deposed, successor);
                        await deposed.Kill9Async();
                        await successor.CommandAsync("REPLICAOF", "NO", "ONE");
                    },
                    async () =>
                    {
                        await Condition.HoldsAsync(
                            async () => await CommittingNodesAsync(successor) == nodes.Nodes.Count,
                            "each node commits to the successor"
                        );
                        await story.CommitsAsync(200);
                    }
                );

                await story.FaultAsync(
                    Back,
                    deposed.Endpoint,
                    async () =>
                    {
                        await deposed.StartAgainAsync();
                        await successor.Kill9Async();
                    },
                    async () =>
                    {
                        Assert.True(await deposed.IsMasterAsync());
                        await whileBack(story, deposed, nodes);
                    },
                    async () =>
                    {
                        await successor.StartAgainAsync("replicaof no one");
                        await deposed.CommandAsync(
                            "REPLICAOF",
                            successor.Host,
                            successor.Port.ToString(CultureInfo.InvariantCulture)
                        );
                        await Condition.HoldsAsync(
                            async () => await LinkAsync(deposed) == "up",
                            "the deposed master follows"
                        );
                    }
                );
                await story.CommitsAsync(200);
            }
        );
    }

    /// <summary>
    /// Waits until the replica has all that the master has, on disk too: after a full
    /// synchronisation its file is written anew in the background.
    /// </summary>
    private static Task InStepAsync(RedisServer master, RedisServer replica) =>
        Condition.HoldsAsync(
            async () =>
                await LinkAsync(replica) == "up"
                && await master.InfoAsync("replication", "master_repl_offset")
                    == await replica.InfoAsync("replication", "master_repl_offset")
                && await replica.InfoAsync("persistence", "aof_rewrite_in_progress") == "0"
                && await replica.InfoAsync("persistence", "aof_rewrite_scheduled") == "0",
            "the replica is in step"
        );

    /// <summary>
    /// How many clients have just sent a commit. A node that has not seen the new master cannot
    /// know that anybody was deposed.
    /// </summary>
    private static async Task<int> CommittingNodesAsync(RedisServer server) =>
        (await server.CommandAsync("CLIENT", "LIST"))
            .Split('\n')
            .Count(client => client.Contains(" cmd=evalsha ", StringComparison.Ordinal));

    private static async Task<long> WrittenRecordsAsync(RedisServer server)
    {
        var calls = await server.InfoAsync("commandstats", "cmdstat_hset");
        return calls.Length == 0 ? 0 : long.Parse(calls.Split("calls=")[1].Split(',')[0], CultureInfo.InvariantCulture);
    }

    private static async Task<string> LinkAsync(RedisServer replica) =>
        await replica.InfoAsync("replication", "master_link_status");
}
