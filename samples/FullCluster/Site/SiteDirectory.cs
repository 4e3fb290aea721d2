using System.Net;
using System.Text.Json.Nodes;
using ShopCluster;
using ShopCluster.Processes;

namespace FullCluster.Site;

/// <summary>
/// Where the site is: its description, what the generator made of it, logs and data. Nothing is
/// edited after it was generated.
/// </summary>
internal sealed class SiteDirectory : IDisposable
{
    /// <summary>What the keys of all sessions begin with.</summary>
    public const string KeyPrefix = "shop";

    private readonly WorkDirectory? _temporary;

    private SiteDirectory(string? keep)
    {
        _temporary = keep is null ? new WorkDirectory() : null;
        Root = _temporary?.Path ?? Path.GetFullPath(keep!);
    }

    public string Root { get; }

    /// <summary>What was generated.</summary>
    public string Files => Path.Combine(Root, "files");

    /// <summary>The agents' password, as it stands in their settings.</summary>
    public string RedisPassword { get; private set; } = "";

    /// <summary>The agents' user.</summary>
    public string RedisUser { get; private set; } = "";

    /// <summary>Writes the description and has the files generated.</summary>
    public static async Task<SiteDirectory> CreateAsync(
        SiteNetwork network,
        SitePorts ports,
        string? keep,
        CancellationToken cancellation
    )
    {
        if (keep is not null && Directory.Exists(keep) && Directory.EnumerateFileSystemEntries(keep).Any())
        {
            throw new DemoException($"{keep} is not empty. Name an empty or a new directory with --keep.");
        }

        var directory = new SiteDirectory(keep);
        try
        {
            Directory.CreateDirectory(directory.Root);
            await directory.GenerateAsync(network, ports, cancellation);
            return directory;
        }
        catch
        {
            directory.Dispose();
            throw;
        }
    }

    /// <summary>A generated file.</summary>
    public string Generated(string path) => Path.Combine(Files, path);

    /// <summary>What a process printed.</summary>
    public string Log(string name) => Path.Combine(Root, $"{name}.log");

    /// <inheritdoc/>
    public void Dispose() => _temporary?.Dispose();

    private string Description(SiteNetwork network, SitePorts ports) =>
        $$"""
            # The reference deployment on one machine. {{(
                network.Virtual is null ? "With --loopback hosts do not count." : "Hosts are network namespaces."
            )}}
            cluster: shop
            keyPrefix: {{KeyPrefix}}
            switch: {{(network.Virtual is null ? "haproxy" : "keepalived")}}
            {{Virtual(network)}}
            application:
              nodes:
            {{string.Join('\n', ports.Nodes.Select(node => $"    - {{ name: {node.Key}, {Where(node.Value)} }}"))}}
              httpPort: {{ports.Nginx.Port}}
              masterPort: {{ports.Master.Port}}
              cookie: .Shop
              # What AddTicketStore() of the shop keeps logins for.
              ticketLife: '14.00:00:00'

            redis:
              maxMemory: 256mb
              # The first is preferred as master.
              candidates:
            {{string.Join(
                '\n',
                ports.Candidates.Select(redis =>
                    $"    - {{ name: {redis.Key}, {Where(redis.Value)}, agentPort: {ports.Agents[redis.Key].Port} }}"
                )
            )}}
              # They follow the present master.
              replicas:
            {{string.Join(
                '\n',
                ports.Replicas.Select(redis =>
                    $"    - {{ name: {redis.Key}, {Where(redis.Value)}, followerPort: {ports.Followers[redis.Key].Port} }}"
                )
            )}}

            {{Votes(ports)}}

            """;

    private static string Where(IPEndPoint address) => $"host: {address.Address}, port: {address.Port}";

    private static string Votes(SitePorts ports) =>
        ports.Voter is { } voter
            ? $"voter: {{ name: voter, {Where(voter)} }}"
            : $"""
                zookeeper:
                  path: /shop
                  servers:
                {string.Join(
                    '\n',
                    ports.ZooKeepers.Select(one =>
                        $"    - {{ name: {one.Key}, {Where(one.Value.Address)}, quorumPort: {one.Value.Quorum}, "
                        + $"electionPort: {one.Value.Election} }}"
                    )
                )}
                """;

    private string Virtual(SiteNetwork network) =>
        network.Virtual is { } address
            ? $"""
                keepalived: {"{"} address: {address}/24, interface: eth0, routerId: 51 {"}"}
                configDirectory: {Files}
                dataDirectory: {Generated("data")}
                runDirectory: {Generated("run")}

                """
            : "";

    private async Task GenerateAsync(SiteNetwork network, SitePorts ports, CancellationToken cancellation)
    {
        var description = Path.Combine(Root, "site.yaml");
        await File.WriteAllTextAsync(description, Description(network, ports), cancellation);
        string[] loopback = network.Virtual is null ? ["--loopback"] : [];
        await using var generator = await ServerProcess.StartAsync(
            Dotnet.Host,
            [
                .. Dotnet.Tool("config", "generate", description, "--out", Files),
                .. loopback,
                "--new-secrets",
                "--secrets",
                Path.Combine(Root, "secrets.yaml"),
            ],
            Root,
            logFile: Log("generate")
        );
        await Condition.HoldsAsync(() => generator.HasExited, "the generator has ended", TimeSpan.FromMinutes(1));
        if (generator.ExitCode != 0)
        {
            throw new DemoException($"The files of the site could not be generated:\n{generator.Output}");
        }

        // What systemd does on real hosts by StateDirectory.
        string[] owners = [.. ports.Redis.Keys, .. ports.Agents.Keys.Select(name => $"{name}-agent"), "voter-agent"];
        foreach (var owner in owners.Concat(ports.ZooKeepers.Keys).Append("nginx").Append("haproxy"))
        {
            Directory.CreateDirectory(Generated($"data/{owner}"));
        }

        foreach (var (name, index) in ports.ZooKeepers.Keys.Select((name, index) => (name, index)))
        {
            await File.WriteAllTextAsync(Generated($"data/{name}/myid"), $"{index + 1}\n", cancellation);
        }

        if (network.Virtual is not null && !OperatingSystem.IsWindows())
        {
            // nginx' workers are another user, as on a real host: they pass, and read no secret.
            File.SetUnixFileMode(
                Root,
                File.GetUnixFileMode(Root) | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute
            );
            foreach (var redis in ports.Candidates.Keys)
            {
                Directory.CreateDirectory(Generated($"run/{redis}"));
            }
        }

        var text = await File.ReadAllTextAsync(Generated("agents/redis-1.json"), cancellation);
        var settings = JsonNode.Parse(
            text,
            documentOptions: new() { CommentHandling = System.Text.Json.JsonCommentHandling.Skip }
        )!;
        var failover = settings["ClusterSession"]!["Failover"]!;
        RedisUser = failover["RedisUser"]!.GetValue<string>();
        RedisPassword = failover["RedisPassword"]!.GetValue<string>();
    }
}
