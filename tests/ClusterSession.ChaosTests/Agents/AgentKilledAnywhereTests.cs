using System.Globalization;
using ClusterSession.ChaosTests.Scenarios;
using ClusterSession.Failover.Face;
using Xunit;

namespace ClusterSession.ChaosTests.Agents;

/// <summary>
/// Agents are killed with -9 at moments spread over a failover, a planned switch and a merge, and
/// started again as their unit does: it is finished each time. Which step an agent had decided on
/// last is printed; the simulation strikes before every single one (FaultPointTests).
/// </summary>
public sealed class AgentKilledAnywhereTests(ITestOutputHelper output)
{
    private const string InFailover = "kill -9 of an agent within a failover";
    private const string InSwitch = "kill -9 of an agent within a switch";
    private const string InMerge = "kill -9 of an agent within a merge";
    private const string AheadKilled = "kill -9 of a master that is ahead";
    private const int CommitsAhead = 100;
    private const int Runs = 20;

    // With nothing else on the machine a failover takes about 200 ms, a switch 400, a merge 1,000.
    private static readonly TimeSpan OfFailover = TimeSpan.FromMilliseconds(15);
    private static readonly TimeSpan OfSwitch = TimeSpan.FromMilliseconds(30);
    private static readonly TimeSpan OfMerge = TimeSpan.FromMilliseconds(60);

    [LongFact]
    public Task Agent_killed_at_any_moment_of_a_failover_finishes_it() =>
        TellAsync([InFailover], async (site, story, run) =>
        {
            var old = await site.MasterAsync();
            await StrikeAsync(story, InFailover, site, site.Other(old), run * OfFailover, old.KillRedisAsync);
        });

    [LongFact]
    public Task Agent_killed_at_any_moment_of_a_switch_leaves_one_master() =>
        TellAsync([InSwitch], async (site, story, run) =>
        {
            var old = await SettledAsync(site);
            var next = site.Other(old);
            await StrikeAsync(story, InSwitch, site, run % 2 == 0 ? old : next, run * OfSwitch, () =>
                Condition.HoldsAsync(
                    async () => (await old.CommandAsync(new CommandRequest("switch", next.Name))).Accepted,
                    "the switch is accepted: the next one follows again"
                )
            );
        });

    [LongFact]
    public Task Agent_killed_at_any_moment_of_a_merge_finishes_it() =>
        TellAsync([AheadKilled, InMerge], async (site, story, run) =>
        {
            var old = await site.MasterAsync();
            await site.CutAsync(old);
            await story.CommitsAsync(CommitsAhead);
            var next = await story.FaultAsync(AheadKilled, site, from => from.KillRedisAsync());
            await story.GoOnAsync();
            await StrikeAsync(story, InMerge, site, run % 2 == 0 ? old : next, run * OfMerge, old.StartRedisAsync);
        });

    /// <summary>The master, once the switch of the run before is done, or was given up.</summary>
    private static async Task<SiteMember> SettledAsync(AgentSite site)
    {
        SiteMember? master = null;
        await Condition.HoldsAsync(
            async () =>
            {
                await site.BringBackAsync();
                master = await site.MasterAsync();
                return await master.StatusAsync() is { Switch: null, Change: null } status
                    && status.Ruler == master.Name;
            },
            "no switch is under way",
            TimeSpan.FromSeconds(60)
        );
        return master!;
    }

    /// <summary>The agent dies a little later in each run.</summary>
    private async Task StrikeAsync(
        Story story,
        string kind,
        AgentSite site,
        SiteMember killed,
        TimeSpan after,
        Func<Task> begin
    )
    {
        var step = "";
        await story.FaultAsync(
            kind,
            killed.Name,
            begin,
            async () =>
            {
                await Task.Delay(after); // The moment is the point: there is nothing to wait for.
                await killed.KillAgentAsync();
                step = LastDecision(killed);
                await killed.StartAgentAsync();
            },
            site.BringBackAsync
        );
        output.WriteLine(
            string.Create(
                CultureInfo.InvariantCulture,
                $"the agent of {killed.Name} died {after.TotalMilliseconds:0} ms after it began; {step}"
            )
        );
    }

    private static string LastDecision(SiteMember member)
    {
        const string Decided = "The agent decided otherwise than before. ";
        var said = member.Agent.Output;
        var at = said.LastIndexOf(Decided, StringComparison.Ordinal);
        return at < 0 ? "it had decided nothing" : "its last decision: " + said[(at + Decided.Length)..].Split('\n')[0];
    }

    private async Task TellAsync(string[] faults, Func<AgentSite, Story, int, Task> strike)
    {
        await using var site = await AgentSite.StartAsync();
        await AgentScenario.TellAsync(output, site, site.ThroughHaProxy, faults, async story =>
        {
            for (var run = 0; run < Runs; run++)
            {
                await strike(site, story, run);
                await story.GoOnAsync();
            }
        });
    }
}
