using System.CommandLine;
using System.Text.Json;
using ClusterSession.Cli.Entry;
using ClusterSession.Cli.Output;
using ClusterSession.Cli.Shell;
using ClusterSession.Cli.Tests.Sites;
using Xunit;

namespace ClusterSession.Cli.Tests.Commands;

/// <summary>Every command writes JSON, also those that ask no agent.</summary>
public sealed class FormatTests : IDisposable
{
    private const string Settings = """
        {
          "Urls": "http://127.0.0.1:0",
          "ClusterSession": {
            "Failover": { "RedisPassword": "the agents' own", "KeyPrefix": "shop" },
            "Sentinel": { "Redis": "127.0.0.1:1,serviceName=shop", "RedisAddress": "127.0.0.1:2" }
          }
        }
        """;

    private const string Nobody = "--agent http://127.0.0.1:1";
    private const string NoFile = "--config /no/such/file.json";

    private readonly TemporaryDirectory _directory = new();

    /// <summary>Every command that may fail, and arguments with which it does.</summary>
    public static TheoryData<string, string> Failing =>
        new()
        {
            { "failover status", Nobody },
            { "failover history", Nobody },
            { "failover switch", $"--to redis-b {Nobody}" },
            { "failover now", Nobody },
            { "failover maintenance", $"on {Nobody}" },
            { "failover adopt", Nobody },
            { "failover raise-epoch", Nobody },
            { "failover reinit", $"redis-b {Nobody}" },
            { "failover discard", $"redis-b {Nobody}" },
            { "failover forget", $"redis-b {Nobody}" },
            { "failover agent", "--set Name=redis-a" },
            { "failover voter", "--set Name=redis-a" },
            { "failover follower", "--set Name=redis-a" },
            { "failover notify", $"master {NoFile}" },
            { "failover redis-config", NoFile },
            { "failover start-redis", $"redis.conf {NoFile}" },
            { "sentinel status", "--redis 127.0.0.1:1,serviceName=shop" },
            { "sentinel watch", NoFile },
            { "sentinel merge", NoFile },
            { "config generate", "/no/such/cluster.yaml --out /tmp" },
            { "merge", "--from 127.0.0.1:1 --into 127.0.0.1:2 --prefix cs" },
        };

    public void Dispose() => _directory.Dispose();

    [Theory]
    [MemberData(nameof(Failing))]
    public async Task Failure_is_a_line_of_JSON(string command, string arguments)
    {
        var run = await ToolRun.RunAsync([.. command.Split(' '), .. arguments.Split(' '), "--format", "json"]);
        Assert.Equal((true, ""), (run.ExitCode != ExitCode.Done, run.Error));
        if (command is "failover status" or "sentinel status") // They answer that nobody is responding.
        {
            Assert.Equal(run.ExitCode, run.Json.GetProperty("verdict").GetProperty("exitCode").GetInt32());
            return;
        }

        Assert.Equal(run.ExitCode, run.Json.GetProperty("exitCode").GetInt32());
        Assert.NotEqual("", run.Json.GetProperty("reason").GetString());
        Assert.NotEqual("", run.Json.GetProperty("remedy").GetString());
        Assert.Equal(1, run.Output.Count(c => c == '\n'));
    }

    [Fact]
    public void Every_command_is_tried()
    {
        var root = new RootCommand();
        Tool.Fill(root, new FormatOption(root), ToolRun.Silent);
        string[] others = ["completion"]; // Never fails.
        Assert.Equal(
            Failing.Select(row => row.Data.Item1).Concat(others).Order(StringComparer.Ordinal),
            Leaves(root, "").Order(StringComparer.Ordinal)
        );
    }

    [Theory]
    [InlineData("failover", "failover", "--format", "json")]
    [InlineData("failover", "--format", "json", "failover")]
    [InlineData("--format", "json", "failover", "failover")]
    public async Task Option_may_stand_before_the_command(params string[] args)
    {
        var run = await ToolRun.RunAsync([.. args, "--agent", "http://127.0.0.1:1"]);
        Assert.Contains("secret", run.Json.GetProperty("reason").GetString(), StringComparison.OrdinalIgnoreCase);
    }

    [Fact]
    public void Line_of_notify_says_when_and_what() =>
        Assert.Equal(
            """{"time":"2026-01-02T03:04:05+00:00","state":"Master","text":"redis-a is open."}""",
            CommandJson.Line(
                new NotifyReport(new DateTimeOffset(2026, 1, 2, 3, 4, 5, TimeSpan.Zero), "Master", "redis-a is open.")
            )
        );

    [Fact]
    public async Task Completion_is_a_script_in_JSON()
    {
        var run = await ToolRun.RunAsync("completion", "bash", "--format", "json");
        Assert.Equal((ExitCode.Done, "bash"), (run.ExitCode, run.Json.GetProperty("shell").GetString()));
        Assert.Contains(
            "complete -o default -F _cluster_session cluster-session",
            run.Json.GetProperty("script").GetString(),
            StringComparison.Ordinal
        );
    }

    [Fact]
    public async Task Lines_and_command_of_a_closed_start_are_the_same_in_JSON()
    {
        var file = await SettingsAsync();
        var text = (await StartAsync("redis-config", "--config", file)).Output;
        var lines = (await StartAsync("redis-config", "--config", file, "--format", "json")).Json;
        Assert.Equal(text, string.Concat(Strings(lines.GetProperty("lines")).Select(line => line + "\n")));

        var written = _directory.File("closed.conf");
        var report = await StartAsync("redis-config", "--config", file, "--output", written, "--format", "json");
        Assert.Equal(written, report.Json.GetProperty("file").GetString());
        Assert.False(report.Json.TryGetProperty("lines", out _));
        Assert.Equal(text, await File.ReadAllTextAsync(written));

        var command = await StartAsync("start-redis", "a file.conf", "--config", file, "--format", "json");
        Assert.Equal(["redis-server", "a file.conf"], Strings(command.Json.GetProperty("command")).Take(2));
    }

    [Fact]
    public async Task Generated_files_are_named_in_JSON()
    {
        var example = Path.Combine(Repository.Root, "deploy", "examples", "agents", "cluster.yaml");
        var directory = _directory.File("out");
        var run = await ToolRun.RunAsync("config", "generate", example, "--out", directory, "--format", "json");
        Assert.Equal((ExitCode.Done, ""), (run.ExitCode, run.Error));
        Assert.Equal(directory, run.Json.GetProperty("directory").GetString());
        var files = run.Json.GetProperty("files").EnumerateArray().ToArray();
        Assert.Contains(files, file => file.GetProperty("isSecret").GetBoolean());
        Assert.All(files, file =>
            Assert.True(File.Exists(Path.Combine(directory, file.GetProperty("path").GetString()!)))
        );
    }

    [Fact]
    public async Task Process_logs_in_JSON()
    {
        await using var watcher = await ServerProcess.StartAsync(
            "dotnet",
            ["exec", ToolSite.Program, "sentinel", "watch", "--config", await SettingsAsync(), "--format", "json"],
            _directory.Path
        );
        await watcher.ReadyAsync(() => Task.FromResult(watcher.Output.Contains('\n', StringComparison.Ordinal)));

        var first = JsonSerializer.Deserialize<JsonElement>(watcher.Output.Split('\n')[0]);
        Assert.NotEqual("", first.GetProperty("Message").GetString());
        Assert.NotEqual(0, first.GetProperty("EventId").GetInt32());
    }

    private async Task<string> SettingsAsync()
    {
        var file = _directory.File("settings.json");
        await File.WriteAllTextAsync(file, Settings);
        return file;
    }

    private static Task<ToolRun> StartAsync(params string[] args) =>
        ToolRun.RunAsync(
            terminal => terminal with { Environment = _ => "the application's own" },
            ["failover", .. args]
        );

    private static IEnumerable<string> Leaves(Command command, string path) =>
        command.Subcommands.Count == 0
            ? [path]
            : command.Subcommands.SelectMany(sub => Leaves(sub, $"{path} {sub.Name}".Trim()));

    private static IEnumerable<string> Strings(JsonElement list) =>
        list.EnumerateArray().Select(item => item.GetString()!);
}
