using ClusterSession.ChaosNode;
using ClusterSession.ChaosTests.Cluster;
using ClusterSession.ChaosTests.Load;
using ClusterSession.ChaosTests.Scenarios;
using ClusterSession.Histories;
using ClusterSession.Histories.Checking;
using Xunit;

namespace ClusterSession.ChaosTests.Agents;

/// <summary>
/// Two nodes with sticky clients over a site of agents, while something happens to it.
/// </summary>
internal static class AgentScenario
{
    public const string AgentKilled = "kill -9 of the agent";
    public const string AgentFrozen = "SIGSTOP of the agent";

    // What one node keeps while no Redis takes it, the other one can only report as missing: the
    // thief comes there with the owner's cookie.
    private static readonly CheckOptions Options = CheckOptions.Default with
    {
        MinimumCrossNodeReads = 0,
        RegressionsMayBeReportedDuringFaults = true,
    };

    /// <summary>
    /// Tells it: nothing that was acknowledged may be lost, and no request of a session with a
    /// local copy may fail.
    /// </summary>
    public static Task TellAsync(
        ITestOutputHelper output,
        AgentSite site,
        NodeSettings settings,
        string[] faults,
        Func<Story, Task> tell,
        params string[] arguments
    ) => TellAsync(output, site, settings, static nodes => Story.Sticky("", nodes), faults, tell, arguments);

    /// <summary>The same under another load.</summary>
    public static async Task TellAsync(
        ITestOutputHelper output,
        AgentSite site,
        NodeSettings settings,
        Func<ChaosCluster, LoadPlan> plan,
        string[] faults,
        Func<Story, Task> tell,
        params string[] arguments
    )
    {
        await using var nodes = await ChaosCluster.StartAsync(2, settings, [.. AgentSite.NodeArguments, .. arguments]);
        IReadOnlyList<string> failed = [];
        try
        {
            await Story.TellWithoutLossAsync(
                output,
                plan(nodes) with
                {
                    Name = faults[0],
                    PlannedFaults = faults,
                },
                Options,
                async story =>
                {
                    await tell(story);
                    await story.GoOnAsync();
                    failed = story.FailedRequests();
                }
            );
        }
        catch
        {
            output.WriteLine(site.Logs());
            throw;
        }

        var logs = nodes.Nodes.Select(node => $"the log of {node.Name}:{Environment.NewLine}{node.Process.Output}");
        Assert.True(failed.Count == 0, string.Join(Environment.NewLine, [.. failed, .. logs, site.Logs()]));
    }

    /// <summary>
    /// The master's agent is killed or frozen for longer than its lease: the old master closes by
    /// itself before another opens. Both count what they accept and refuse.
    /// </summary>
    public static async Task AgentIsGoneAsync(ITestOutputHelper output, AgentSite site, string fault)
    {
        var old = await site.MasterAsync();
        await using var atOld = FencedWriters.Start(old, fault[..4].Trim());
        await using var atNew = FencedWriters.Start(site.Other(old), $"{fault[..4].Trim()}-other");
        await atOld.AcceptedAsync();
        Assert.Empty(atNew.Accepted);
        await TellAsync(output, site, site.PastHaProxy, [fault], async story =>
        {
            await story.FaultAsync(fault, site, async member =>
            {
                if (fault == AgentKilled)
                {
                    await member.KillAgentAsync();
                }
                else
                {
                    member.Agent.Stop();
                }
            });
            await atNew.AcceptedAsync();
            await atOld.RefusedAsync();
            await story.GoOnAsync();
            Assert.True(
                atOld.Accepted.Max(write => write.At) < atNew.Accepted.Min(write => write.At),
                "the old master accepted its last write before the new one its first"
            );
            var refused = atOld.Refused; // Before Redis is asked: it goes on refusing.
            Assert.True(await old.RefusedAsync() >= refused);
            var data = await old.DataAsync();
            await story.GoOnAsync();
            await old.IsUnchangedSinceAsync(data);
            await site.BringBackAsync();
        });
        Assert.Empty(await atOld.MissingAsync(site.Other(old)));
    }

    /// <summary>A fault of the master until another one is, which it returns.</summary>
    public static async Task<SiteMember> FaultAsync(
        this Story story,
        string kind,
        AgentSite site,
        Func<SiteMember, Task> cause
    )
    {
        var old = await site.MasterAsync();
        var master = old;
        await story.FaultAsync(
            kind,
            old.Name,
            FaultLayer.Store,
            () => cause(old),
            async () => master = await site.NewMasterAsync(old)
        );
        return master;
    }
}
