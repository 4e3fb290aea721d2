using ClusterSession.ChaosTests.Cluster;
using ClusterSession.ChaosTests.Load;
using ClusterSession.ChaosTests.Scenarios;
using ClusterSession.Failover.Face;
using ClusterSession.Histories;
using ClusterSession.Histories.Checking;
using Xunit;
using Xunit.Abstractions;

namespace ClusterSession.ChaosTests.Agents;

/// <summary>
/// A master dies with what no replica has, and every node that remembers it dies with it. What
/// comes back with that master is merged into the temporary one, before it becomes its replica.
/// </summary>
/// <remarks>
/// <code>
///  redis-0  ----|--- only here ---x                 back, merged, follows
///  redis-1  ----| (cut)             master -------- has all of it ---------
///  nodes    ----------------------x  started again, empty -----------------
/// </code>
/// </remarks>
public sealed class ReturningMasterTests(ITestOutputHelper output)
{
    private const int WritesOnlyThere = 200;
    private const int WritesAfterwards = 500;
    private const string MasterKilled = "kill -9 of a master that is ahead";
    private const string NodesKilled = "kill -9 of every node";

    private static readonly CheckOptions Options = CheckOptions.Default with
    {
        MinimumCrossNodeReads = 0,
        RegressionsMayBeReportedDuringFaults = true,
    };

    [Fact]
    public async Task What_only_the_returning_master_has_is_merged_though_every_node_was_restarted()
    {
        // One who waits for the newer data would wait for the master that is dead.
        await using var site = await AgentSite.StartAsync(
            new AgentSiteOptions { Settings = """, "ReturnToPreferred": false, "NewerDataWait": "00:00:00.5" """ }
        );
        var verdict = await TellAsync(site, times: Story.Times(normally: 1, atLength: 20), static (_, _) =>
            Task.CompletedTask
        );
        Assert.True(verdict.Outcome == VerdictOutcome.Passed, verdict.ToString());
        Assert.Equal(0, Story.LostForGood(verdict));
    }

    /// <summary>The same without the merge: else the scenario above would prove nothing.</summary>
    [LongFact]
    public async Task Without_the_merge_what_only_the_returning_master_has_is_lost()
    {
        await using var site = await AgentSite.StartAsync(
            new AgentSiteOptions { Settings = """, "ReturnToPreferred": false, "NewerDataWait": "00:00:00.5" """ }
        );
        var verdict = await TellAsync(site, times: 1, static async (master, old) =>
            Assert.True((await master.CommandAsync(new CommandRequest("discard", old.Name))).Accepted)
        );
        Assert.True(Story.LostForGood(verdict) > 0, verdict.ToString());
    }

    private async Task<Verdict> TellAsync(AgentSite site, int times, Func<SiteMember, SiteMember, Task> beforeReturn)
    {
        await using var nodes = await ChaosCluster.StartAsync(2, site.ThroughHaProxy, AgentSite.NodeArguments);
        // No session begins meanwhile: who has the cookie of one that only the dead master knows is
        // told that it is lost and gets another, so that nobody would ask for what the merge brings
        // back.
        var plan = Story.Sticky(MasterKilled, nodes, MasterKilled, NodesKilled) with
        {
            EntriesPerSession = int.MaxValue,
        };
        try
        {
            var verdict = await Story.TellAsync(output, plan, Options, async story =>
            {
                for (var i = 0; i < times; i++)
                {
                    await FailAsync(story, site, nodes, beforeReturn);
                }
            });
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

    private static async Task FailAsync(
        Story story,
        AgentSite site,
        ChaosCluster nodes,
        Func<SiteMember, SiteMember, Task> beforeReturn
    )
    {
        var old = await site.MasterAsync();
        var master = old;
        await CutAsync(old, site.Other(old));
        await story.CommitsAsync(WritesOnlyThere);

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
                        await old.KillRedisAsync();
                        master = await site.NewMasterAsync(old);
                    },
                    () => Task.WhenAll(nodes.Nodes.Select(node => node.StartAgainAsync()))
                );
                await story.CommitsAsync(WritesAfterwards);
            },
            () => beforeReturn(master, old),
            async () =>
            {
                await old.StartRedisAsync();
                await site.BringBackAsync();
            }
        );
        await story.CommitsAsync(WritesAfterwards);
    }

    /// <summary>
    /// Cuts replication from within, as <see cref="ClusterSession.TestKit.Servers.ReplicaPauser"/>
    /// says why. Its agent gives the replica another password when it follows again.
    /// </summary>
    private static async Task CutAsync(SiteMember master, SiteMember replica)
    {
        await replica.AskRedisAsync("CONFIG", "SET", "masterauth", "held-back-by-test");
        await master.AskRedisAsync("CLIENT", "KILL", "TYPE", "replica");
        await Condition.HoldsAsync(
            async () =>
                (await master.AskRedisAsync("INFO", "replication")).Contains(
                    "connected_slaves:0\r",
                    StringComparison.Ordinal
                ),
            "the master has lost its replica"
        );
    }
}
