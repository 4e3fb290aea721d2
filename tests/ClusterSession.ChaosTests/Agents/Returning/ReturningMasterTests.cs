using ClusterSession.ChaosTests.Cluster;
using ClusterSession.ChaosTests.Scenarios;
using ClusterSession.Failover.Face;
using ClusterSession.Histories;
using ClusterSession.Histories.Checking;
using Xunit;

namespace ClusterSession.ChaosTests.Agents.Returning;

/// <summary>
/// A master dies with what no replica has, and every node that remembers it dies with it. What
/// comes back with that master is merged into the temporary one, before it becomes its replica;
/// then it becomes master again.
/// </summary>
/// <remarks>
/// <code>
///  redis-0  ----|--- only here ---x                 back, merged, follows | master ---
///  redis-1  ----| (cut)             master -------- has all of it --------| follows --
///  nodes    ----------------------x  started again, empty ----------------------------
/// </code>
/// </remarks>
public sealed class ReturningMasterTests(ITestOutputHelper output)
{
    private const int WritesAfterwards = 500;
    private const int LaterCommits = 1000;
    private const string MasterKilled = "kill -9 of a master that is ahead";
    private const string NodesKilled = "kill -9 of every node";

    // One who waits for the newer data would wait for the master that is dead.
    private const string Settings = """, "NewerDataWait": "00:00:00.5" """;

    // Nobody can know that a session has ended while all who saw its end are dead.
    private static readonly CheckOptions Options = CheckOptions.Default with
    {
        MinimumCrossNodeReads = 0,
        RegressionsMayBeReportedDuringFaults = true,
        EndedSessionsMayBeServedDuringFaults = true,
    };

    private static readonly TimeSpan CutBefore = TimeSpan.FromSeconds(1);

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    public Task What_only_the_returning_master_has_is_merged_though_every_node_was_restarted(int zooKeepers) =>
        MergeAsync(
            new AgentSiteOptions { ZooKeepers = zooKeepers },
            Story.Times(normally: 1, atLength: Story.LongRuns)
        );

    /// <summary>The same behind an address that keepalived moves.</summary>
    [KeepalivedFact(isLong: true)]
    public async Task Behind_keepalived_too_what_only_the_returning_master_has_is_merged()
    {
        await using var net = await SplitBrainNet.CreateAsync(3);
        await MergeAsync(new AgentSiteOptions { Hosts = net.Hosts, HasKeepalived = true }, runs: 3);
    }

    /// <summary>The same without the merge: else the scenario above would prove nothing.</summary>
    [LongFact]
    public async Task Without_the_merge_what_only_the_returning_master_has_is_lost()
    {
        await using var site = await AgentSite.StartAsync(
            new AgentSiteOptions { Settings = Settings + """, "ReturnToPreferred": false """ }
        );
        await using var nodes = await ChaosCluster.StartAsync(2, site.ThroughHaProxy, AgentSite.NodeArguments);
        var times = new ReturnTimes();
        var verdict = await TellAsync(site, nodes, async story =>
        {
            var old = await site.MasterAsync();
            await site.CutAsync(old);
            await story.LastsAsync(CutBefore);
            await KillAsync(
                story,
                site,
                nodes,
                times,
                meanwhile: () => story.CommitsAsync(WritesAfterwards),
                async () =>
                {
                    var master = await site.MasterAsync();
                    Assert.True((await master.CommandAsync(new CommandRequest("discard", old.Name))).Accepted);
                    await old.StartRedisAsync();
                    await site.BringBackAsync();
                }
            );
            await story.CommitsAsync(WritesAfterwards);
        });
        output.WriteLine($"{times}; {Story.LostForGood(verdict)} lost");
        Assert.True(times.Ahead > 0);
        Assert.True(Story.LostForGood(verdict) > 0, verdict.ToString());
    }

    private async Task MergeAsync(AgentSiteOptions options, int runs)
    {
        await using var site = await AgentSite.StartAsync(
            options with
            {
                Settings = Settings + """, "ReturnAfter": "00:00:01" """,
            }
        );
        await using var nodes = await ChaosCluster.StartAsync(2, site.ThroughHaProxy, AgentSite.NodeArguments);
        for (var run = 1; run <= runs; run++)
        {
            var times = new ReturnTimes();
            var verdict = await TellAsync(site, nodes, story => FailAsync(story, site, nodes, times, run));
            output.WriteLine($"run {run}: {times}; {Story.LostForGood(verdict)} lost");
            Assert.True(verdict.Outcome == VerdictOutcome.Passed, verdict.ToString());
            Assert.Equal(0, Story.LostForGood(verdict));
        }
    }

    private static async Task FailAsync(Story story, AgentSite site, ChaosCluster nodes, ReturnTimes times, int run)
    {
        var old = await site.PreferredAsync();
        var fates = await Fates.BeginAsync(story.Load);
        var logins = new Logins(nodes, run);
        await logins.BeginAsync();
        await site.InStepAsync(old);

        await site.CutAsync(old);
        await fates.AtTheOldAsync();
        await logins.AtTheOldAsync();
        await story.LastsAsync(CutBefore);
        await KillAsync(
            story,
            site,
            nodes,
            times,
            async () =>
            {
                await fates.MeanwhileAsync(LaterCommits);
                await logins.MeanwhileAsync();
            },
            async () =>
            {
                await old.StartRedisAsync();
                times.Started();
                await Condition.HoldsAsync(
                    async () => times.See(old, await old.StatusAsync()),
                    $"{old.Name} is merged, follows and is master again",
                    TimeSpan.FromSeconds(60)
                );
                Assert.Same(old, await site.PreferredAsync());
            }
        );
        Assert.True(times.Ahead > 0);
        await story.CommitsAsync(WritesAfterwards);
        await fates.InTheEndAsync();
        await logins.InTheEndAsync();
    }

    /// <summary>
    /// The master and all nodes; what Redis alone would lose is counted when nothing writes any
    /// more.
    /// </summary>
    private static async Task KillAsync(
        Story story,
        AgentSite site,
        ChaosCluster nodes,
        ReturnTimes times,
        Func<Task> meanwhile,
        Func<Task> back
    )
    {
        var old = await site.MasterAsync();
        await story.FaultAsync(
            MasterKilled,
            old.Name,
            async () =>
            {
                // The nodes first: what they acknowledge without a master is in their journals
                // alone.
                await story.FaultAsync(
                    NodesKilled,
                    "all nodes",
                    FaultLayer.Node,
                    () => Task.WhenAll(nodes.Nodes.Select(node => node.Kill9Async())),
                    async () =>
                    {
                        times.Ahead = await old.AheadOfAsync(site.Other(old));
                        times.Killed();
                        await old.KillRedisAsync();
                        await site.NewMasterAsync(old);
                        times.Replaced();
                    },
                    () => Task.WhenAll(nodes.Nodes.Select(node => node.StartAgainAsync()))
                );
                await story.CommitsAsync(1);
                times.Answered();
            },
            meanwhile,
            back
        );
    }

    private async Task<Verdict> TellAsync(AgentSite site, ChaosCluster nodes, Func<Story, Task> tell)
    {
        // No session begins meanwhile: of one that only the dead master knows the loss would be
        // reported, and its client would get another one, so that nobody would ask for what the
        // merge brings back.
        var plan = Story.Sticky(MasterKilled, nodes, MasterKilled, NodesKilled) with
        {
            EntriesPerSession = int.MaxValue,
        };
        try
        {
            var verdict = await Story.TellAsync(output, plan, Options, tell);
            if (verdict.Outcome != VerdictOutcome.Passed)
            {
                WriteLogs(site, nodes);
            }

            return verdict;
        }
        catch
        {
            WriteLogs(site, nodes);
            throw;
        }
    }

    private void WriteLogs(AgentSite site, ChaosCluster nodes)
    {
        foreach (var node in nodes.Nodes)
        {
            output.WriteLine($"the log of {node.Name}:{Environment.NewLine}{node.Process.Output}");
        }

        output.WriteLine(site.Logs());
    }
}
