using System.Net;
using System.Net.Sockets;
using FullCluster.Site;

namespace FullCluster.Parts;

/// <summary>All parts of the picture, in the order in which they start.</summary>
internal sealed class FullSite : IAsyncDisposable
{
    // Shorter than on a real site, where a member that fails again and again must not take the
    // cluster to and fro: here somebody presses buttons, or reads the check's table.
    private static readonly string[] ForTheDemo =
    [
        "--set",
        "ReturnAfter=00:00:02",
        "--set",
        "FlappingWindow=00:00:20",
        "--set",
        "MaxPromotions=20",
    ];

    private static readonly HttpClient Http = new() { Timeout = TimeSpan.FromSeconds(2) };

    private readonly SiteDirectory _directory;

    private readonly SiteNetwork _network;

    private FullSite(SiteDirectory directory, SiteNetwork network, SitePorts ports)
    {
        (_directory, _network, Ports) = (directory, network, ports);
        Admin = new RedisAdmin(directory.RedisUser, directory.RedisPassword);
        Eyes = new ClusterEyes(ports);
        Replicas = new ReplicaEyes(Admin, ports);
        Cut = new ReplicationCut(Admin, ports);
        Parts = [.. All()];
    }

    public SitePorts Ports { get; }

    public IReadOnlyList<Part> Parts { get; }

    public RedisAdmin Admin { get; }

    public ClusterEyes Eyes { get; }

    public ReplicaEyes Replicas { get; }

    public ReplicationCut Cut { get; }

    /// <summary>Where the shop is: nginx.</summary>
    public Uri Address => Local(Ports.Nginx);

    /// <summary>nginx and each node, to compare carts at all of them.</summary>
    public IReadOnlyList<(string Name, Uri Address)> Places =>
        [("nginx", Address), .. Ports.Nodes.Select(node => (node.Key, Local(node.Value)))];

    /// <summary>Starts every process, those first that others need.</summary>
    public static async Task<FullSite> StartAsync(
        SiteDirectory directory,
        SiteNetwork network,
        SitePorts ports,
        CancellationToken cancellation
    )
    {
        var site = new FullSite(directory, network, ports);
        try
        {
            await network.AllowAddressAsync();
            PartKind[][] order =
            [
                [PartKind.Redis, PartKind.ZooKeeper],
                [PartKind.Agent, PartKind.Voter, PartKind.Follower],
                [PartKind.Haproxy, PartKind.Keepalived],
                [PartKind.Node],
                [PartKind.Nginx],
            ];
            foreach (var kinds in order)
            {
                await Task.WhenAll(
                    site.Parts.Where(part => kinds.Contains(part.Kind)).Select(part => part.StartAsync(cancellation))
                );
                if (kinds.Contains(PartKind.Haproxy))
                {
                    await site.Eyes.AwaitAsync(look => look.Ruler is not null, "a master was chosen", cancellation);
                }
            }

            return site;
        }
        catch
        {
            await site.DisposeAsync();
            throw;
        }
    }

    public Part Find(string name) => Parts.First(part => part.Name == name);

    /// <summary>
    /// The Redis that the one address leads to at this moment; null: it leads nowhere.
    /// </summary>
    public async Task<string?> BehindAddressAsync() =>
        Path.GetFileName(await Admin.LastAsync(Ports.Master, "CONFIG", "GET", "dir"));

    /// <summary>Ends all in order: who asks before who answers, agents before Redis.</summary>
    public async ValueTask DisposeAsync()
    {
        PartKind[][] order =
        [
            [PartKind.Nginx],
            [PartKind.Node],
            [PartKind.Haproxy, PartKind.Keepalived],
            [PartKind.Agent, PartKind.Voter, PartKind.Follower],
            [PartKind.Redis, PartKind.ZooKeeper],
        ];
        foreach (var kinds in order)
        {
            await Task.WhenAll(
                Parts.Where(part => kinds.Contains(part.Kind)).Select(part => part.DisposeAsync().AsTask())
            );
        }
    }

    private static Uri Local(IPEndPoint address) => new($"http://{address}/");

    private static async Task<bool> ListensAsync(IPEndPoint address)
    {
        using var client = new TcpClient();
        await client.ConnectAsync(address);
        return true;
    }

    private static async Task<bool> AnswersAsync(IPEndPoint address, string path)
    {
        try
        {
            using var response = await Http.GetAsync(new Uri(Local(address), path));
            return response.IsSuccessStatusCode;
        }
        catch (OperationCanceledException)
        {
            return false;
        }
    }

    private IEnumerable<Part> All()
    {
        yield return Nginx();
        foreach (var (name, address) in Ports.Nodes)
        {
            string[] arguments =
            [
                "--urls",
                $"http://{address}",
                "--Node",
                name,
                // The generated settings are the appsettings.json of this directory.
                "--contentRoot",
                _directory.Generated("application"),
            ];
            yield return Of(name, PartKind.Node, address, Dotnet.Host, Dotnet.Shop(arguments), () =>
                AnswersAsync(address, "node")
            );
        }

        if (_network.Virtual is null)
        {
            yield return Of(
                "haproxy",
                PartKind.Haproxy,
                Ports.Master,
                "haproxy",
                ["-db", "-f", _directory.Generated("haproxy/redis.cfg")],
                () => ListensAsync(Ports.Master)
            );
        }

        foreach (var name in Ports.Candidates.Keys)
        {
            if (_network.Virtual is not null)
            {
                yield return Keepalived(name);
            }

            var agent = Ports.Agents[name];
            yield return Redis(name);
            yield return Of(
                $"agent-{name[^1]}",
                PartKind.Agent,
                agent,
                Dotnet.Host,
                Dotnet.Tool([
                    "failover",
                    "agent",
                    "--config",
                    _directory.Generated($"agents/{name}.json"),
                    .. ForTheDemo,
                ]),
                () => ListensAsync(agent)
            );
        }

        foreach (var (name, follower) in Ports.Followers)
        {
            yield return Redis(name);
            yield return Of(
                $"follower-{name[^1]}",
                PartKind.Follower,
                follower,
                Dotnet.Host,
                Dotnet.Tool("failover", "follower", "--config", _directory.Generated($"agents/{name}.json")),
                () => AnswersAsync(follower, "metrics")
            );
        }

        if (Ports.Voter is { } voter)
        {
            yield return Of(
                "voter",
                PartKind.Voter,
                voter,
                Dotnet.Host,
                Dotnet.Tool("failover", "voter", "--config", _directory.Generated("agents/voter.json")),
                () => ListensAsync(voter)
            );
        }

        foreach (var (name, (address, _, _)) in Ports.ZooKeepers)
        {
            yield return ZooKeeper(name, address);
        }
    }

    /// <summary>As its unit starts it.</summary>
    private Part ZooKeeper(string name, IPEndPoint address) =>
        Of(
            name,
            PartKind.ZooKeeper,
            address,
            "java",
            [
                "-Xmx128m",
                "-cp",
                "/usr/share/java/zookeeper.jar:/usr/share/java/slf4j-simple.jar",
                "org.apache.zookeeper.server.quorum.QuorumPeerMain",
                _directory.Generated($"zookeeper/{name}.cfg"),
            ],
            () => ListensAsync(address)
        );

    private Part Redis(string name) =>
        Of(
            name,
            PartKind.Redis,
            Ports.Redis[name],
            "redis-server",
            [_directory.Generated($"redis/{name}.conf")],
            async () => await Admin.AskAsync(Ports.Redis[name], "PING") == "PONG"
        );

    private Part Keepalived(string redis)
    {
        var name = $"keepalived-{redis[^1]}";
        var pid = _directory.Generated($"run/{name}");
        string[] arguments =
        [
            "--dont-fork",
            "--log-console",
            "-p",
            $"{pid}.pid",
            "-r",
            $"{pid}-vrrp.pid",
            "-f",
            _directory.Generated($"keepalived/{redis}.conf"),
        ];
        return Of(name, PartKind.Keepalived, Ports.Master, "keepalived", arguments, () =>
            Task.FromResult(File.Exists($"{pid}-vrrp.pid"))
        );
    }

    private Part Nginx()
    {
        var main = _directory.Generated("nginx/nginx.conf");
        if (!File.Exists(main))
        {
            // The generated file is made to be included in the context http of the system's nginx;
            // this one is the least that can include it.
            main = Path.Combine(_directory.Root, "nginx.conf");
            var data = _directory.Generated("data/nginx");
            string[] kinds = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"];
            File.WriteAllText(
                main,
                $$"""
                pid {{data}}/nginx.pid;
                error_log stderr warn;
                events { worker_connections 1024; }
                http {
                    access_log off;
                    {{string.Join("\n    ", kinds.Select(kind => $"{kind}_temp_path {data}/{kind};"))}}
                    include {{_directory.Generated("nginx/application.conf")}};
                }

                """
            );
        }

        return Of(
            "nginx",
            PartKind.Nginx,
            Ports.Nginx,
            "nginx",
            ["-p", _directory.Generated("data/nginx"), "-c", main, "-g", "daemon off;"],
            () => AnswersAsync(Ports.Nginx, "node")
        );
    }

    private Part Of(
        string name,
        PartKind kind,
        IPEndPoint address,
        string program,
        IEnumerable<string> arguments,
        Func<Task<bool>> isReady
    )
    {
        string[] words = [.. arguments];
        return new Part(
            name,
            kind,
            address.Port,
            () => _network.Of(name).StartAsync(program, words, _directory.Root, logFile: _directory.Log(name)),
            isReady
        );
    }
}
