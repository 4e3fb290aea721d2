using ClusterSession.Cli.Shell;
using Xunit;

namespace ClusterSession.Cli.Tests.Commands;

public sealed class UsageTests
{
    [Theory]
    [InlineData("bogus")]
    [InlineData("failover")]
    [InlineData("failover", "bogus")]
    [InlineData("failover", "switch")]
    [InlineData("failover", "status", "--format", "xml")]
    [InlineData("failover", "status", "--timeout", "0")]
    [InlineData("failover", "maintenance", "maybe")]
    [InlineData("failover", "reinit")]
    [InlineData("failover", "status", "--agent", "redis-a:7400")]
    [InlineData("failover", "status", "--agent", "http://user:password@redis-a:7400")]
    [InlineData("failover", "status")]
    [InlineData("failover", "status", "--config", "/no/such/file.json")]
    [InlineData("failover", "agent", "--set", "Secret=every-user-reads-this")]
    [InlineData("failover", "agent", "--set", "Name")]
    [InlineData("failover", "agent", "--set", "Name=redis-a")]
    [InlineData("failover", "voter", "--set", "Name=redis-a")]
    [InlineData("failover", "follower", "--set", "Name=slave1")]
    [InlineData("failover", "follower", "--set", "Name=slave1", "--set", "Urls=http://127.0.0.1:0")]
    [InlineData("failover", "redis-config")]
    [InlineData("merge", "--from", "127.0.0.1:1", "--into", "127.0.0.1:2")]
    [InlineData("merge", "--into", "127.0.0.1:2", "--prefix", "cs")]
    [InlineData("merge", "--from", "127.0.0.1:1,127.0.0.1:3", "--into", "127.0.0.1:2", "--prefix", "cs")]
    [InlineData("merge", "--from", "127.0.0.1:1", "--into", "127.0.0.1:2", "--prefix", "cs", "--away", "10")]
    [InlineData("merge", "--from", "127.0.0.1:1", "--into", "127.0.0.1:2", "--prefix", "cs", "--away", "10m")]
    [InlineData("merge", "--from", "127.0.0.1:1", "--into", "127.0.0.1:2", "--prefix", "cs", "--rate", "0")]
    [InlineData("config", "generate")]
    [InlineData("config", "generate", "cluster.yaml")]
    [InlineData("config", "generate", "/no/such/cluster.yaml", "--out", "/tmp")]
    [InlineData("completion", "tcsh")]
    public async Task Wrong_usage_has_its_exit_code_and_prints_nothing_but_errors(params string[] args)
    {
        var run = await ToolRun.RunAsync(args);
        Assert.Equal((ExitCode.Usage, ""), (run.ExitCode, run.Output));
        Assert.NotEmpty(run.Error);
    }

    [Fact]
    public async Task Wrong_usage_names_the_help_of_its_command()
    {
        var run = await ToolRun.RunAsync("failover", "switch");
        Assert.Contains("--to", run.Error, StringComparison.Ordinal);
        Assert.EndsWith("See: cluster-session failover switch --help\n", run.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("failover", "status")]
    [InlineData("failover", "history")]
    [InlineData("failover", "switch")]
    [InlineData("failover", "now")]
    [InlineData("failover", "maintenance")]
    [InlineData("failover", "reinit")]
    [InlineData("failover", "discard")]
    [InlineData("failover", "forget")]
    [InlineData("failover", "agent")]
    [InlineData("failover", "voter")]
    [InlineData("failover", "follower")]
    [InlineData("failover", "redis-config")]
    [InlineData("failover", "start-redis")]
    [InlineData("merge")]
    [InlineData("sentinel", "status")]
    [InlineData("sentinel", "watch")]
    [InlineData("sentinel", "merge")]
    [InlineData("config", "generate")]
    [InlineData("completion")]
    public async Task Page_of_commands_has_every_command_with_all_its_options(params string[] command)
    {
        var page = await File.ReadAllTextAsync(Path.Combine(Repository.Root, "docs", "operations", "commands.md"));
        var help = await ToolRun.RunAsync([.. command, "--help"]);
        Assert.Equal(ExitCode.Done, help.ExitCode);
        Assert.Contains($"`cluster-session {string.Join(' ', command)}", page, StringComparison.Ordinal);
        foreach (
            System.Text.RegularExpressions.Match option in System.Text.RegularExpressions.Regex.Matches(
                help.Output,
                @"^  (?:-\w, )?(--[a-z-]+)",
                Multiline
            )
        )
        {
            Assert.Contains($"`{option.Groups[1].Value}", page, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task Page_of_commands_has_every_exit_code()
    {
        var page = await File.ReadAllTextAsync(Path.Combine(Repository.Root, "docs", "operations", "commands.md"));
        foreach (var code in typeof(ExitCode).GetFields())
        {
            Assert.Contains($"\n| {code.GetRawConstantValue()} |", page, StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData("failover ma", "maintenance")]
    [InlineData("failover status --format ", "json")]
    [InlineData("failover maintenance ", "off")]
    [InlineData("fail", "failover")]
    public async Task Shell_gets_what_may_follow(string line, string expected)
    {
        var run = await ToolRun.RunAsync($"[suggest:{line.Length}]", line);
        Assert.Contains(expected, run.Output.Split('\n').Select(word => word.Trim()));
    }

    [Theory]
    [InlineData("bash", "complete -o default -F _cluster_session cluster-session")]
    [InlineData("zsh", "#compdef cluster-session")]
    [InlineData("pwsh", "Register-ArgumentCompleter -Native -CommandName cluster-session")]
    public async Task Completion_prints_the_script_of_the_shell(string shell, string line)
    {
        var run = await ToolRun.RunAsync("completion", shell);
        Assert.Equal(ExitCode.Done, run.ExitCode);
        Assert.Contains(line, run.Output, StringComparison.Ordinal);
    }

    private const System.Text.RegularExpressions.RegexOptions Multiline = System
        .Text
        .RegularExpressions
        .RegexOptions
        .Multiline;
}
