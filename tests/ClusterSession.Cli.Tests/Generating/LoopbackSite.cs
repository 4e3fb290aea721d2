using System.Globalization;
using System.Text.Json.Nodes;
using ClusterSession.Cli.Generating;
using ClusterSession.Cli.Shell;
using ClusterSession.Cli.Tests.Sites;
using Xunit;

namespace ClusterSession.Cli.Tests.Generating;

/// <summary>The files of a site with <c>--loopback</c> on free ports, and its processes.</summary>
internal sealed class LoopbackSite : IAsyncDisposable
{
    private readonly TemporaryDirectory _directory = new();
    private readonly Dictionary<string, ServerProcess> _processes = [];
    private readonly TestCertificates? _certificates;

    private LoopbackSite(TestCertificates? certificates) => _certificates = certificates;

    /// <summary>The servers of an ensemble, where the site is of the kind "zookeeper".</summary>
    public static IReadOnlyList<string> ZooKeepers { get; } = ["zk-1", "zk-2", "zk-3"];

    public static SiteSecrets Secrets { get; } = SiteSecrets.New();

    public IReadOnlyDictionary<string, int> Ports { get; private set; } = new Dictionary<string, int>();

    public static async Task<LoopbackSite> GenerateAsync(string kind, TestCertificates? certificates = null)
    {
        var site = new LoopbackSite(certificates);
        await site.WriteAsync(kind);
        return site;
    }

    public string File(string path) => _directory.File(path);

    public Task<string> ReadAsync(string path) => System.IO.File.ReadAllTextAsync(File(path));

    /// <summary>
    /// Starts a process from a generated file; the command line is that of its unit.
    /// </summary>
    public async Task<ServerProcess> StartAsync(string name, string program, params string[] arguments)
    {
        var process = await ServerProcess.StartAsync(
            program,
            arguments,
            _directory.Path,
            _certificates is null ? null : new Dictionary<string, string> { ["SSL_CERT_FILE"] = _certificates.CaFile }
        );
        _processes[name] = process;
        return process;
    }

    public async Task StartRedisAsync(string name, string program = "redis-server")
    {
        var process = await StartAsync(name, program, File($"redis/{name}.conf"));
        // redis-cli says on its output that nobody listens yet.
        await process.ReadyAsync(async () =>
            !(await AskAsync(name, null, "PING")).Contains("Could not connect", StringComparison.Ordinal)
        );
    }

    public Task<ServerProcess> StartToolAsync(string name, string command) =>
        StartAsync(
            $"{name}-agent",
            "dotnet",
            ["exec", ToolSite.Program, "failover", command, "--config", File($"agents/{name}.json")]
        );

    public async Task StartNginxAsync()
    {
        var pid = new FileInfo(File("data/nginx/nginx.pid"));
        await StartAsync("nginx", "nginx", "-e", "stderr", "-g", "daemon off;", "-c", File("nginx/nginx.conf"));
        await Condition.HoldsAsync(
            () =>
            {
                pid.Refresh();
                return pid is { Exists: true, Length: > 0 };
            },
            "nginx has written its pid"
        );
    }

    public Task KillAsync(string name) => _processes[name].Kill9Async();

    /// <summary>Asks a process by redis-cli; a login is a user with a password, or null.</summary>
    public async Task<string> AskAsync(string name, (string User, string Password)? login, params string[] command)
    {
        string[] tls = _certificates is null ? [] : ["--tls", "--cacert", _certificates.CaFile];
        string[] user = login is { } given ? ["--user", given.User, "--pass", given.Password, "--no-auth-warning"] : [];
        return (await RunAsync("redis-cli", ["-p", Port(name), .. tls, .. user, .. command])).Output;
    }

    public async Task<string> CheckedAsync(string program, params string[] arguments)
    {
        var (code, output) = await RunAsync(program, arguments);
        Assert.True(code == 0, output);
        return output;
    }

    public async Task<(int Code, string Output)> RunAsync(string program, params string[] arguments)
    {
        await using var process = await ServerProcess.StartAsync(program, arguments, _directory.Path);
        await Condition.HoldsAsync(() => process.HasExited, $"{program} has ended");
        return (process.ExitCode, process.Output);
    }

    public string Port(string name) => Ports[name].ToString(CultureInfo.InvariantCulture);

    public async ValueTask DisposeAsync()
    {
        foreach (var (name, process) in _processes)
        {
            if (name == "nginx" && !process.HasExited)
            {
                // Killed, it would leave its workers behind.
                await process.TerminateAsync();
            }

            await process.DisposeAsync();
        }

        _directory.Dispose();
    }

    private async Task WriteAsync(string kind)
    {
        string[] names =
        [
            "web-1",
            "web-2",
            "http",
            "master",
            "replication",
            "redis-1",
            "redis-1-agent",
            "redis-2",
            "redis-2-agent",
            "slave1",
            "slave2",
            "voter",
            "sentinel-1",
            "sentinel-2",
            "sentinel-3",
            .. ZooKeepers.SelectMany(name => (string[])[name, $"{name}-quorum", $"{name}-election"]),
        ];
        Ports = names.ToDictionary(name => name, _ => FreePort.Next());
        var agents = kind != "sentinel";
        var description = new JsonObject
        {
            ["cluster"] = "shop",
            ["keyPrefix"] = "shop",
            ["switch"] = agents ? "haproxy" : kind,
            ["application"] = new JsonObject
            {
                ["nodes"] = new JsonArray(Process("web-1"), Process("web-2")),
                ["httpPort"] = Ports["http"],
                ["masterPort"] = Ports["master"],
            },
            ["redis"] = new JsonObject
            {
                ["maxMemory"] = "64mb",
                ["replicationPort"] = Ports["replication"],
                ["candidates"] = new JsonArray(Process("redis-1", true), Process("redis-2", true)),
                ["replicas"] = new JsonArray(Process("slave1"), Process("slave2")),
            },
        };
        if (kind == "zookeeper")
        {
            description["zookeeper"] = new JsonObject
            {
                ["path"] = "/shop",
                ["servers"] = new JsonArray([.. ZooKeepers.Select(ZooKeeper)]),
            };
        }
        else if (agents)
        {
            description["voter"] = Process("voter");
        }
        else
        {
            description["sentinels"] = new JsonArray(
                Process("sentinel-1"),
                Process("sentinel-2"),
                Process("sentinel-3")
            );
        }

        if (_certificates is not null)
        {
            description["tls"] = new JsonObject
            {
                ["ca"] = _certificates.CaFile,
                ["certificate"] = _certificates.ServerCertFile,
                ["key"] = _certificates.ServerKeyFile,
                ["name"] = "localhost",
            };
        }

        // JSON is YAML.
        await System.IO.File.WriteAllTextAsync(File("cluster.yaml"), description.ToJsonString());
        await System.IO.File.WriteAllTextAsync(File("cluster-secrets.yaml"), Secrets.ToYaml());
        var run = await ToolRun.RunAsync(
            "config",
            "generate",
            File("cluster.yaml"),
            "--out",
            _directory.Path,
            "--loopback"
        );
        Assert.Equal((ExitCode.Done, ""), (run.ExitCode, run.Error));
    }

    private JsonObject ZooKeeper(string name) =>
        new()
        {
            ["name"] = name,
            ["port"] = Ports[name],
            ["quorumPort"] = Ports[$"{name}-quorum"],
            ["electionPort"] = Ports[$"{name}-election"],
        };

    private JsonObject Process(string name, bool hasAgent = false)
    {
        var process = new JsonObject { ["name"] = name, ["port"] = Ports[name] };
        if (hasAgent)
        {
            process["agentPort"] = Ports[$"{name}-agent"];
        }

        return process;
    }
}
