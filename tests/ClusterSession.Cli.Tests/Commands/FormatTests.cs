using System.Text.Json;
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

    private readonly TemporaryDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Theory]
    [InlineData("failover", "status", "--agent", "http://127.0.0.1:1")]
    [InlineData("failover", "history", "--agent", "http://127.0.0.1:1")]
    [InlineData("failover", "agent", "--set", "Name=redis-a")]
    [InlineData("failover", "voter")]
    [InlineData("failover", "follower")]
    [InlineData("failover", "notify", "master", "--config", "/no/such/file.json")]
    [InlineData("failover", "redis-config")]
    [InlineData("failover", "start-redis", "redis.conf")]
    [InlineData("sentinel", "watch", "--config", "/no/such/file.json")]
    [InlineData("sentinel", "merge", "--config", "/no/such/file.json")]
    [InlineData("config", "generate", "/no/such/cluster.yaml", "--out", "/tmp")]
    [InlineData("merge", "--from", "127.0.0.1:1", "--into", "127.0.0.1:2", "--prefix", "cs")]
    public async Task Failure_is_JSON_with_reason_and_remedy(params string[] args)
    {
        var run = await ToolRun.RunAsync([.. args, "--format", "json"]);
        Assert.NotEqual(ExitCode.Done, run.ExitCode);
        Assert.Equal("", run.Error);
        if (args[1] != "status") // Its answer is that nobody is responding.
        {
            Assert.Equal(run.ExitCode, run.Json.GetProperty("exitCode").GetInt32());
            Assert.NotEqual("", run.Json.GetProperty("reason").GetString());
            Assert.NotEqual("", run.Json.GetProperty("remedy").GetString());
        }
    }

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

    private static IEnumerable<string> Strings(JsonElement list) =>
        list.EnumerateArray().Select(item => item.GetString()!);
}
