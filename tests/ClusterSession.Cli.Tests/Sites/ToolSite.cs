using System.Globalization;
using ClusterSession.Cli.Entry;

namespace ClusterSession.Cli.Tests.Sites;

/// <summary>
/// A site as an operator builds it with the tool alone: two Redis that start closed, an agent
/// beside each, and a voter, each a process.
/// </summary>
internal sealed class ToolSite : IAsyncDisposable
{
    private const string Secret = "the secret of this site";
    private const string ApplicationPassword = "the application's own";
    private const int Members = 2;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly TemporaryDirectory _directory = new();
    private readonly int[] _redisPorts = [FreePort.Next(), FreePort.Next()];
    private readonly int[] _agentPorts = [FreePort.Next(), FreePort.Next(), FreePort.Next()];
    private readonly List<RedisServer> _servers = [];
    private readonly List<ServerProcess> _processes = [];

    public static string Program => Path.Combine(AppContext.BaseDirectory, "cluster-session.dll");

    public RedisServer Redis(int member) => _servers[member];

    public ServerProcess Agent(int member) => _processes[member];

    public static async Task<ToolSite> StartAsync()
    {
        var site = new ToolSite();
        for (var i = 0; i < Members; i++)
        {
            await site.WriteSettingsAsync($"agent-{i}.json", $"redis-{i}");
            var printed = await ToolRun.RunAsync(
                terminal => terminal with { Environment = _ => ApplicationPassword },
                "failover",
                "redis-config",
                "--config",
                site.Settings(i)
            );
            site._servers.Add(
                await RedisServer.StartAsync(
                    new RedisServerOptions
                    {
                        Port = site._redisPorts[i],
                        Config = printed.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries),
                    }
                )
            );
        }

        await site.WriteSettingsAsync("voter.json", "voter");
        for (var i = 0; i < Members; i++)
        {
            await site.StartProcessAsync("agent", site.Settings(i));
        }

        await site.StartProcessAsync("voter", site._directory.File("voter.json"));
        return site;
    }

    /// <summary>Runs a command that asks the agents.</summary>
    public Task<ToolRun> RunAsync(params string[] args) =>
        ToolRun.RunAsync(["failover", .. args, "--config", Settings(0), "--timeout", "10"]);

    /// <summary>Waits until status ends with this code.</summary>
    public async Task<ToolRun> StatusAsync(int exitCode)
    {
        var run = new ToolRun(-1, "", "");
        try
        {
            await Condition.HoldsAsync(
                async () => (run = await RunAsync("status")).ExitCode == exitCode,
                $"status ends with {exitCode}",
                Patience
            );
        }
        catch (TimeoutException late)
        {
            var logs = string.Join("\n\n", _processes.Select(process => process.Output));
            throw new TimeoutException($"{late.Message}\n{run.Output}{run.Error}\n{logs}", late);
        }

        return run;
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var process in _processes)
        {
            await process.DisposeAsync();
        }

        foreach (var server in _servers)
        {
            await server.DisposeAsync();
        }

        _directory.Dispose();
    }

    private string Settings(int member) => _directory.File($"agent-{member}.json");

    private async Task StartProcessAsync(string command, string settings) =>
        _processes.Add(
            await ServerProcess.StartAsync(
                "dotnet",
                ["exec", Program, "failover", command, "--config", settings],
                _directory.Path
            )
        );

    private Task WriteSettingsAsync(string file, string name)
    {
        var directory = _directory.File(name);
        Directory.CreateDirectory(directory);
        var members = Enumerable
            .Range(0, Members)
            .Select(i =>
                string.Create(
                    CultureInfo.InvariantCulture,
                    $$"""
                    { "Name": "redis-{{i}}", "Redis": "127.0.0.1:{{_redisPorts[
                        i
                    ]}}", "Agent": "http://127.0.0.1:{{_agentPorts[i]}}" }
                    """
                )
            );
        return File.WriteAllTextAsync(
            _directory.File(file),
            $$"""
            {
              "ClusterSession": {
                "Failover": {
                  "Cluster": "shop",
                  "Name": "{{name}}",
                  "Members": [ {{string.Join(", ", members)}} ],
                  "Voter": "http://127.0.0.1:{{_agentPorts[2]}}",
                  "Directory": "{{directory}}",
                  "Secret": "{{Secret.Replace(' ', '-')}}",
                  "RedisPassword": "the agents' own",
                  "KeyPrefix": "shop"
                }
              }
            }
            """
        );
    }
}
