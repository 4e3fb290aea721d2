using System.Diagnostics;
using ClusterSession.Cli.Shell;
using Xunit;

namespace ClusterSession.Cli.Tests.Sites;

/// <summary>The program itself: entry point, console, exit code.</summary>
public sealed class ProcessTests
{
    [Fact]
    public async Task Program_prints_status_and_ends_with_its_code()
    {
        await using var agent = await FakeAgent.StartAsync(Clusters.Unmerged);
        var (code, output, error) = await RunAsync(agent.Address, "failover", "status");
        Assert.Equal((ExitCode.Degraded, ""), (code, error));
        Assert.StartsWith("redis-b is the master;", output, StringComparison.Ordinal);
        Assert.DoesNotContain('\u001b', output);
    }

    [Fact]
    public async Task Program_that_cannot_ask_does_nothing_without_consent()
    {
        await using var agent = await FakeAgent.StartAsync();
        var (code, output, _) = await RunAsync(agent.Address, "failover", "now");
        Assert.Equal(ExitCode.NotConfirmed, code);
        Assert.Contains("Step one.", output, StringComparison.Ordinal);
        Assert.All(agent.Commands, command => Assert.True(command.Plan));
    }

    [Fact]
    public async Task Settings_of_an_agent_that_cannot_work_end_it_with_what_is_wrong()
    {
        var (code, output, error) = await RunAsync("http://127.0.0.1:1", "failover", "agent", "--set", "Name=redis-a");
        Assert.Equal((ExitCode.Usage, ""), (code, output));
        Assert.Contains("ClusterSession:Failover:Cluster", error, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Voter_of_agents_that_agree_in_ZooKeeper_does_not_start()
    {
        using var directory = new TemporaryDirectory();
        var file = directory.File("voter.json");
        await File.WriteAllTextAsync(
            file,
            """{ "ClusterSession": { "Failover": { "Coordinator": "zookeeper=zk1,password=hush-hush" } } }"""
        );
        var (code, output, error) = await RunAsync("http://127.0.0.1:1", "failover", "voter", "--config", file);
        Assert.Equal((ExitCode.Usage, ""), (code, output));
        Assert.Contains("Coordinator is set, and that store has votes of its own.", error, StringComparison.Ordinal);
        Assert.DoesNotContain("hush", error, StringComparison.Ordinal);
    }

    private static async Task<(int Code, string Output, string Error)> RunAsync(string agent, params string[] args)
    {
        var start = new ProcessStartInfo(ServerBinary.Find("dotnet"), ["exec", ToolSite.Program, .. args])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.Environment["CLUSTERSESSION_AGENTS"] = agent;
        start.Environment["CLUSTERSESSION_SECRET"] = FakeAgent.Secret;
        using var process = Process.Start(start)!;
        process.StandardInput.Close();
        var (output, error) = (process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
        await process.WaitForExitAsync();
        return (process.ExitCode, await output, await error);
    }
}
