using ClusterSession.ChaosTests.Cluster;
using ClusterSession.ChaosTests.Scenarios;
using ClusterSession.Histories;
using ClusterSession.Histories.Checking;
using Xunit;

namespace ClusterSession.ChaosTests.Agents.Returning;

/// <summary>
/// Two masters die in turn, each with what the next one has not, before anything was merged.
/// </summary>
/// <remarks>
/// <code>
///  redis-0  master --| only here x                            back: has all of it, master
///  redis-1           |(cut)        master --------- x                          back, follows
///  redis-2  replica  |(cut)        follows redis-1 -- has its last, is merged ------ follows
///  nodes    ---------------------x  empty ---------x  empty -------------------------------
/// </code>
/// </remarks>
public sealed class MastersInTurnTests(ITestOutputHelper output)
{
    private const int Writes = 200;
    private const string FirstKilled = "kill -9 of a master that is ahead";
    private const string SecondKilled = "kill -9 of the next one before the merge";
    private const string NodesKilled = "kill -9 of every node";

    private static readonly CheckOptions Options = CheckOptions.Default with
    {
        MinimumCrossNodeReads = 0,
        RegressionsMayBeReportedDuringFaults = true,
    };

    [Fact]
    public async Task First_of_two_masters_that_returns_gets_what_only_a_read_replica_has_of_the_second()
    {
        await using var site = await AgentSite.StartAsync(
            new AgentSiteOptions
            {
                HasReadReplica = true,
                Settings = """, "NewerDataWait": "00:00:00.5", "ReturnToPreferred": false """,
            }
        );
        await using var nodes = await ChaosCluster.StartAsync(2, site.ThroughHaProxy, AgentSite.NodeArguments);
        var plan = Story.Sticky(FirstKilled, nodes, FirstKilled, SecondKilled, NodesKilled) with
        {
            EntriesPerSession = int.MaxValue,
        };
        try
        {
            var verdict = await Story.TellWithoutLossAsync(output, plan, Options, story =>
                FailAsync(story, site, nodes)
            );
            Assert.Equal(0, Story.LostForGood(verdict));
        }
        catch
        {
            output.WriteLine(site.Logs());
            throw;
        }
    }

    private static async Task FailAsync(Story story, AgentSite site, ChaosCluster nodes)
    {
        var (first, reader) = (await site.MasterAsync(), site.Members[2]);
        var second = site.Other(first);
        await site.CutAsync(first, second, reader);
        await story.CommitsAsync(Writes);
        await story.FaultAsync(
            FirstKilled,
            first.Name,
            async () =>
            {
                await ForgetAsync(story, nodes, async () =>
                {
                    Assert.True(await first.AheadOfAsync(second) > 0);
                    Assert.True(await first.AheadOfAsync(reader) > 0);
                    await first.KillRedisAsync();
                    Assert.Same(second, await site.NewMasterAsync(first));
                });
                await story.CommitsAsync(Writes);
                await story.FaultAsync(
                    SecondKilled,
                    second.Name,
                    () => ForgetAsync(story, nodes, async () =>
                        {
                            await site.InStepAsync(second, reader);
                            Assert.Equal(0, await second.AheadOfAsync(reader));
                            await second.KillRedisAsync();
                            await first.StartRedisAsync();
                            Assert.Same(first, await site.NewMasterAsync(second));
                        }),
                    () => story.CommitsAsync(Writes),
                    // The second one is still dead: what it had last comes from the read replica.
                    () => AgentSite.FollowsAsync(reader, first)
                );
            },
            static () => Task.CompletedTask,
            site.BringBackAsync
        );
        await story.CommitsAsync(Writes);
    }

    /// <summary>No node knows afterwards what happened before.</summary>
    private static Task ForgetAsync(Story story, ChaosCluster nodes, Func<Task> meanwhile) =>
        story.FaultAsync(
            NodesKilled,
            "all nodes",
            FaultLayer.Node,
            () => Task.WhenAll(nodes.Nodes.Select(node => node.Kill9Async())),
            meanwhile,
            () => Task.WhenAll(nodes.Nodes.Select(node => node.StartAgainAsync()))
        );
}
