using ClusterSession.Cli.Shell;
using Xunit;

namespace ClusterSession.Cli.Tests.Sites;

public sealed class ToolSiteTests
{
    [Fact]
    public async Task Site_built_with_the_tool_alone_elects_switches_and_fails_over()
    {
        await using var site = await ToolSite.StartAsync();
        var healthy = (await site.StatusAsync(ExitCode.Done)).Output;
        var (first, second) = healthy.StartsWith("redis-0", StringComparison.Ordinal) ? (0, 1) : (1, 0);
        Assert.StartsWith($"redis-{first} is the master; redis-{second} follows.", healthy, StringComparison.Ordinal);

        var plan = await site.RunAsync("switch", "--to", $"redis-{second}", "--plan");
        Assert.Equal((ExitCode.Done, ""), (plan.ExitCode, plan.Error));
        Assert.Contains("Planned only", plan.Output, StringComparison.Ordinal);
        Assert.StartsWith(
            $"redis-{first} is the master",
            (await site.RunAsync("status")).Output,
            StringComparison.Ordinal
        );

        // On a busy machine the next master may need longer than NextMasterWait, and the master
        // takes the lease back.
        var switched = "";
        await Condition.HoldsAsync(
            async () =>
            {
                var run = await site.RunAsync("switch", "--to", $"redis-{second}", "--yes", "--wait");
                switched += run.Output + run.Error;
                return run.ExitCode == ExitCode.Done;
            },
            "the switch is done"
        );
        Assert.Contains($"redis-{second} is the master.", switched, StringComparison.Ordinal);
        Assert.StartsWith(
            $"redis-{second} is the master; redis-{first} follows.",
            (await site.StatusAsync(ExitCode.Done)).Output,
            StringComparison.Ordinal
        );

        await site.Redis(second).Kill9Async();
        var status = "";
        await Condition.HoldsAsync(
            async () =>
                (status = (await site.RunAsync("status")).Output).StartsWith(
                    $"redis-{first} is the master; no replica follows: redis-{second}",
                    StringComparison.Ordinal
                ),
            $"status says that redis-{first} is the master alone"
        );
        Assert.Equal(ExitCode.Degraded, (await site.RunAsync("status")).ExitCode);

        var history = await site.RunAsync("history");
        Assert.Equal(ExitCode.Done, history.ExitCode);
        Assert.Contains("an operator asked for a", history.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Agent_that_is_asked_to_end_ends_in_order()
    {
        await using var site = await ToolSite.StartAsync();
        await site.StatusAsync(ExitCode.Done);
        await site.Agent(1).TerminateAsync();
        Assert.Equal(ExitCode.Done, site.Agent(1).ExitCode);

        // The other agent notices it at its next look.
        await Condition.HoldsAsync(
            async () =>
                (await site.RunAsync("status")).Output.Contains("agent-not-responding", StringComparison.Ordinal),
            "status names the agent that has ended"
        );
    }
}
