using ClusterSession.ChaosTests.Scenarios;
using Xunit;

namespace ClusterSession.ChaosTests.Agents.Returning;

/// <summary>
/// The preferred master takes over again while clients work: what they see of it. Times are printed
/// and never asserted.
/// </summary>
public sealed class WayBackTests(ITestOutputHelper output)
{
    private const string Kill = "kill -9 of the master";
    private const string WayBack = "way back to the preferred master";
    private const int Clients = 100;

    // Each pauses for 50 ms on average: about 1,000 requests a second.
    private static readonly TimeSpan Think = TimeSpan.FromMilliseconds(Clients);

    [Fact]
    public async Task Way_back_under_load_loses_nothing_and_fails_no_session_with_a_local_copy()
    {
        await using var site = await AgentSite.StartAsync(
            new AgentSiteOptions { Settings = """, "ReturnAfter": "00:00:01" """ }
        );
        await AgentScenario.TellAsync(
            output,
            site,
            site.ThroughHaProxy,
            nodes => Story.Sticky("", nodes) with { Sequential = Clients, Think = Think },
            [Kill, WayBack],
            async story =>
            {
                for (var run = 1; run <= Story.Times(normally: 1, atLength: Story.LongRuns); run++)
                {
                    await ReturnAsync(site, story, run);
                }
            }
        );
    }

    private async Task ReturnAsync(AgentSite site, Story story, int run)
    {
        var preferred = await site.PreferredAsync();
        var temporary = await story.FaultAsync(Kill, site, old => old.KillRedisAsync());
        await story.GoOnAsync();

        await using var writers = FencedWriters.Start(site.Address, $"back-{run}");
        await writers.AcceptedAsync();
        var pause = new WayBackPause(preferred, temporary, writers, story.Load.Recorder);
        await story.FaultAsync(WayBack, temporary.Name, preferred.StartRedisAsync, () => pause.WatchAsync(site));
        await writers.AcceptedAsync();
        await story.GoOnAsync();
        await writers.StopAsync();
        output.WriteLine($"run {run}: {pause}");
        Assert.Empty(await writers.MissingAsync(preferred));
    }
}
