using ClusterSession.Cli.Shell;
using Xunit;

namespace ClusterSession.Cli.Tests.Merging;

/// <summary>The command between two real Redis.</summary>
public sealed class MergeCommandTests : IAsyncLifetime
{
    private RedisServer _a = null!;
    private RedisServer _b = null!;

    public async ValueTask InitializeAsync() =>
        (_a, _b) = (await RedisServer.StartAsync(), await RedisServer.StartAsync());

    public async ValueTask DisposeAsync()
    {
        await _a.DisposeAsync();
        await _b.DisposeAsync();
    }

    [Fact]
    public async Task Sessions_come_over_and_a_dry_run_writes_nothing()
    {
        await StoreAsync(3);
        await _a.CommandAsync("SET", "queue:mail", "1");
        string[] command = ["merge", "--from", _a.Endpoint, "--into", _b.Endpoint, "--prefix", "cs"];
        var dry = await ToolRun.RunAsync([.. command, "--dry-run", "--format", "json"]);
        Assert.Equal(
            (ExitCode.Done, "Planned", 3),
            (dry.ExitCode, dry.Json.GetProperty("outcome").GetString(), dry.Json.GetProperty("new").GetInt32())
        );
        Assert.Equal("0", await SessionsAsync());

        command = [.. command, "--away", "5m", "--idle-timeout", "20m"];
        var run = await ToolRun.RunAsync(command);
        Assert.Equal(ExitCode.Done, run.ExitCode);
        Assert.StartsWith($"{_a.Endpoint} was merged into {_b.Endpoint} in ", run.Output, StringComparison.Ordinal);
        Assert.Contains(
            "Not merged: 1 key of the source that other applications have written, such as queue:mail.",
            run.Error,
            StringComparison.Ordinal
        );
        Assert.Equal("3", await SessionsAsync());
        var again = await ToolRun.RunAsync([.. command, "--format", "json"]);
        Assert.Equal((3, 0), (again.Json.GetProperty("same").GetInt32(), again.Json.GetProperty("new").GetInt32()));
    }

    [Fact]
    public async Task Password_comes_from_the_environment_and_is_never_printed()
    {
        await StoreAsync(1);
        await _b.CommandAsync("CONFIG", "SET", "requirepass", "bWVyZ2U");
        var run = await ToolRun.RunAsync(
            terminal =>
                terminal with
                {
                    Environment = name =>
                        name == "CLUSTERSESSION_MERGE_INTO" ? $"{_b.Endpoint},password=bWVyZ2U" : null,
                },
            "merge",
            "--from",
            _a.Endpoint,
            "--prefix",
            "cs"
        );
        Assert.Equal(ExitCode.Done, run.ExitCode);
        Assert.DoesNotContain("bWVyZ2U", run.Output + run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Refusal_and_a_source_that_is_not_running_have_their_exit_code_and_remedy()
    {
        var same = await ToolRun.RunAsync("merge", "--from", _a.Endpoint, "--into", _a.Endpoint, "--prefix", "cs");
        Assert.Equal((ExitCode.Refused, ""), (same.ExitCode, same.Output));
        Assert.Contains("are one process", same.Error, StringComparison.Ordinal);
        await _a.Process.TerminateAsync();
        var away = await ToolRun.RunAsync(
            "merge",
            "--from",
            _a.Endpoint,
            "--into",
            _b.Endpoint,
            "--prefix",
            "cs",
            "--format",
            "json"
        );
        Assert.Equal((ExitCode.Refused, "Refused"), (away.ExitCode, away.Json.GetProperty("outcome").GetString()));
        Assert.Contains("it does what is left", away.Json.GetProperty("remedy").GetString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("--rate is 0, and takes 1 or more.", "--rate", "0")]
    [InlineData("--replicas is -1, and takes 0 or more.", "--replicas", "-1")]
    [InlineData("--idle-timeout says nothing without --away.", "--idle-timeout", "20m")]
    [InlineData("--ticket-life says nothing without --away.", "--ticket-life", "14d")]
    [InlineData("--away takes a number and a unit", "--away", "2000000000h", "--idle-timeout", "20m")]
    public async Task Option_that_cannot_be_meant_is_named_with_its_value(string expected, params string[] options)
    {
        var run = await ToolRun.RunAsync(["merge", "--from", "a:1", "--into", "b:1", "--prefix", "cs", .. options]);
        Assert.Equal(ExitCode.Usage, run.ExitCode);
        Assert.Contains(expected, run.Error, StringComparison.Ordinal);
    }

    private Task<string> SessionsAsync() =>
        _b.CommandAsync("EVAL", "return #redis.call('KEYS', ARGV[1])", "0", "cs:1:{*}");

    private Task StoreAsync(int sessions) =>
        StoredSessions.WriteAsync(_a, Enumerable.Range(0, sessions).Select(i => $"{i}"));
}
