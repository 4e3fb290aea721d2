using ClusterSession.Cli.Shell;
using ClusterSession.Cli.Verdicts;
using Xunit;

namespace ClusterSession.Cli.Tests.Commands;

public sealed class StatusTests
{
    public static TheoryData<string> States => [.. Clusters.All.Keys];

    [Theory]
    [MemberData(nameof(States))]
    public async Task Status_reads_as_its_snapshot(string state)
    {
        await using var agent = await FakeAgent.StartAsync(Clusters.All[state]);
        var run = await ToolRun.RunAsync("failover", "status", "--agent", agent.Address);
        Assert.Empty(run.Error);
        await Snapshot.CheckAsync($"status-{state}", run.Output + $"(exit code {run.ExitCode})\n");
    }

    [Theory]
    [MemberData(nameof(States))]
    public async Task Json_of_status_has_verdict_and_cluster(string state)
    {
        var status = Clusters.All[state];
        await using var agent = await FakeAgent.StartAsync(status);
        var run = await ToolRun.RunAsync("failover", "status", "--agent", agent.Address, "--format", "json");
        var verdict = run.Json.GetProperty("verdict");
        Assert.Equal(run.ExitCode, verdict.GetProperty("exitCode").GetInt32());
        Assert.Equal(ClusterVerdict.Of(status).Headline, verdict.GetProperty("headline").GetString());
        Assert.Equal(status.Members.Count, run.Json.GetProperty("cluster").GetProperty("members").GetArrayLength());
        Assert.True(run.Json.GetProperty("agents")[0].GetProperty("isResponding").GetBoolean());
    }

    [Fact]
    public async Task Json_of_status_keeps_its_names()
    {
        await using var agent = await FakeAgent.StartAsync(Clusters.Unmerged);
        var run = await ToolRun.RunAsync("failover", "status", "--agent", agent.Address, "--format", "json");
        await Snapshot.CheckAsync("status-unmerged-json", run.Output.Replace(agent.Address, "http://agent"));
    }

    [Fact]
    public async Task Agent_that_does_not_respond_is_passed_over()
    {
        await using var agent = await FakeAgent.StartAsync();
        var run = await ToolRun.RunAsync(
            "failover",
            "status",
            "--agent",
            "http://127.0.0.1:1",
            "--agent",
            agent.Address
        );
        Assert.Equal(ExitCode.Degraded, run.ExitCode);
        Assert.StartsWith("redis-a is the master; all 2 replicas follow.", run.Output, StringComparison.Ordinal);
        Assert.Contains("http://127.0.0.1:1 is not responding", run.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task No_agent_responding_has_its_exit_code_and_says_what_to_do()
    {
        var run = await ToolRun.RunAsync("failover", "status", "--agent", "http://127.0.0.1:1");
        Assert.Equal(ExitCode.NoAgent, run.ExitCode);
        await Snapshot.CheckAsync("status-nobody", run.Output);
    }

    [Fact]
    public async Task Agent_that_knows_more_is_believed_and_the_difference_is_shown()
    {
        await using var alone = await FakeAgent.StartAsync(Clusters.StoreUnreachable);
        await using var holder = await FakeAgent.StartAsync();
        var run = await ToolRun.RunAsync("failover", "status", "--agent", alone.Address, "--agent", holder.Address);
        Assert.StartsWith("redis-a is the master", run.Output, StringComparison.Ordinal);
        Assert.Contains("as the agent of redis-a sees it", run.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Agents_of_two_clusters_are_wrong_usage()
    {
        await using var one = await FakeAgent.StartAsync();
        await using var other = await FakeAgent.StartAsync(Clusters.Healthy with { Cluster = "forum" });
        var run = await ToolRun.RunAsync("failover", "status", "--agent", one.Address, "--agent", other.Address);
        Assert.Equal(ExitCode.Usage, run.ExitCode);
        Assert.Contains("different clusters: shop and forum", run.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(40)]
    [InlineData(80)]
    public async Task Lines_fit_the_terminal(int width)
    {
        foreach (var status in Clusters.All.Values)
        {
            await using var agent = await FakeAgent.StartAsync(status);
            var run = await ToolRun.RunAsync(
                terminal => terminal with { Width = width },
                "failover",
                "status",
                "--agent",
                agent.Address
            );
            Assert.All(run.Output.Split('\n'), line => Assert.True(line.Length <= width, line));
        }
    }

    [Fact]
    public async Task Colour_is_on_terminals_only()
    {
        await using var agent = await FakeAgent.StartAsync();
        string[] status = ["failover", "status", "--agent", agent.Address];
        var plain = await ToolRun.RunAsync(status);
        var coloured = await ToolRun.RunAsync(terminal => terminal with { HasColour = true }, status);
        Assert.DoesNotContain('\u001b', plain.Output);
        Assert.Contains('\u001b', coloured.Output);
    }
}
