using System.Globalization;
using System.Net;
using ClusterSession.ChaosNode;
using ClusterSession.Failover.Control;
using ClusterSession.Failover.Face;
using ClusterSession.Failover.Raft;

namespace ClusterSession.ChaosTests.Agents;

/// <summary>
/// A site as an operator has it: two Redis that start closed, an agent of the tool beside each, a
/// voter, and HAProxy, all processes.
/// </summary>
/// <remarks>
/// <code>
/// nodes -> HAProxy --GET /primary-- agent of redis-0 --.
///            |  \                    agent of redis-1 --+-- voter (or the agent of a read replica)
///            v   v
///       redis-0  redis-1
/// </code>
/// With ZooKeeper or etcd there is no voter, and the agents ask its servers.
/// </remarks>
internal sealed class AgentSite : IAsyncDisposable
{
    public const string AgentUser = "cluster-session-agent";
    public const string AgentPassword = "the-agents-own";
    public const string NodeUser = "cluster-session";
    public const string NodePassword = "the-applications-own";
    public const string KeyPrefix = "shop";
    public const string LeaseKey = KeyPrefix + ":1:lease";
    private const string Secret = "the-secret-of-this-site";
    private const int Balanced = 2;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly TemporaryDirectory _directory = new();
    private readonly AgentSiteOptions _options;
    private readonly List<SiteMember> _members = [];
    private readonly HttpClient _http = new() { Timeout = TimeSpan.FromSeconds(5) };
    private readonly int _voterPort = FreePort.Next();
    private readonly int _balancerPort = FreePort.Next();
    private ServerProcess? _voter;
    private ServerProcess? _balancer;
    private VirtualAddress? _virtual;
    private ZooKeeperServer[] _zooKeepers = [];
    private EtcdServer[] _etcds = [];

    private AgentSite(AgentSiteOptions options)
    {
        _options = options;
        _http.DefaultRequestHeaders.Add(RaftHandler.SecretHeader, Secret);
    }

    public IReadOnlyList<SiteMember> Members => _members;

    /// <summary>The process that only votes.</summary>
    public ServerProcess Voter => _voter ?? throw new InvalidOperationException("This site has no voter.");

    /// <summary>The servers in which the agents agree; none where they are the store.</summary>
    public IReadOnlyList<ZooKeeperServer> ZooKeepers => _zooKeepers;

    /// <summary>The address that keepalived moves.</summary>
    public VirtualAddress Virtual => _virtual ?? throw new InvalidOperationException("This site has no keepalived.");

    /// <summary>The one address.</summary>
    public IPEndPoint Address =>
        _options.HasKeepalived
            ? new(IPAddress.Parse(VirtualAddress.Of(_options.Hosts[0])), _members[0].Redis.Port)
            : new(IPAddress.Parse(Third.Address), _balancerPort);

    /// <summary>A node that knows the one address.</summary>
    public NodeSettings ThroughHaProxy => Node(Address.ToString());

    /// <summary>The same, where keepalived moves it.</summary>
    public NodeSettings ThroughAddress => ThroughHaProxy;

    /// <summary>A node that knows both Redis, and not HAProxy.</summary>
    public NodeSettings PastHaProxy =>
        Node(string.Join(',', _members.Take(Balanced).Select(member => member.Redis.Endpoint)));

    /// <summary>More of each node's command line.</summary>
    public static string[] NodeArguments { get; } = [$"--ClusterSession:KeyPrefix={KeyPrefix}"];

    private NetworkHost Third => _options.Hosts[Balanced];

    private bool HasVoter => _options is { HasReadReplica: false, ZooKeepers: 0, Etcds: 0 };

    /// <summary>Starts it, and waits until one is the master and the others follow.</summary>
    public static async Task<AgentSite> StartAsync(AgentSiteOptions? options = null)
    {
        var site = new AgentSite(options ?? new AgentSiteOptions());
        try
        {
            if (site._options.ZooKeepers > 0)
            {
                site._zooKeepers = await ZooKeeperServer.StartEnsembleAsync(
                    site._options.ZooKeepers,
                    new ZooKeeperServerOptions { On = site.Third }
                );
            }

            if (site._options.Etcds > 0)
            {
                site._etcds = await EtcdServer.StartClusterAsync(site._options.Etcds);
            }

            await site.StartMembersAsync();
            await site.BringBackAsync();
            if (site._options.HasKeepalived)
            {
                site._virtual = await VirtualAddress.StartAsync(
                    site._options.Hosts,
                    site._members,
                    site.TrackFile,
                    site._directory.Path
                );
            }
            else
            {
                site._balancer = await RedisBalancer.StartAsync(
                    site.Third,
                    site._balancerPort,
                    site._members,
                    site._directory.Path
                );
            }

            await site.LeadsToAsync(await site.MasterAsync());
            return site;
        }
        catch
        {
            await site.DisposeAsync();
            throw;
        }
    }

    /// <summary>Starts the tool as a process.</summary>
    public static Task<ServerProcess> StartToolAsync(NetworkHost on, string command, string settings) =>
        on.StartAsync(
            "dotnet",
            [
                "exec",
                Path.Combine(AppContext.BaseDirectory, "cluster-session.dll"),
                "failover",
                command,
                "--config",
                settings,
            ],
            Path.GetDirectoryName(settings)!
        );

    /// <summary>The member whose agent says that it is the primary, once there is one.</summary>
    public Task<SiteMember> MasterAsync() => PrimaryAsync(_ => true, "one is the primary");

    /// <summary>
    /// Waits until another than this one is the primary, and the one address leads to it.
    /// </summary>
    public async Task<SiteMember> NewMasterAsync(SiteMember old)
    {
        var master = await PrimaryAsync(member => member != old, $"another than {old.Name} is the primary");
        await LeadsToAsync(master);
        return master;
    }

    /// <summary>
    /// The first member, once it is the master, all others follow it, and the one address leads to
    /// it.
    /// </summary>
    public async Task<SiteMember> PreferredAsync()
    {
        var first = _members[0];
        await PrimaryAsync(member => member == first, $"{first.Name} is the primary");
        await BringBackAsync();
        await LeadsToAsync(first);
        return first;
    }

    /// <summary>Waits until a member is a replica of the master, and connected to it.</summary>
    public static Task FollowsAsync(SiteMember member, SiteMember master) =>
        Condition.HoldsAsync(
            async () =>
                (await master.StatusAsync())?.Members.FirstOrDefault(seen => seen.Name == member.Name)
                    is { Role: MemberRole.Replica, IsLinkUp: true } replica
                && replica.Follows == master.Name,
            $"{member.Name} follows {master.Name}",
            Patience
        );

    /// <summary>Waits until replicas have what the master has now.</summary>
    /// <param name="master">The master.</param>
    /// <param name="replicas">Which; default: all others.</param>
    public async Task InStepAsync(SiteMember master, params SiteMember[] replicas)
    {
        var offset = await master.OffsetAsync();
        foreach (var member in replicas.Length > 0 ? replicas : _members.Where(member => member != master))
        {
            await Condition.HoldsAsync(
                async () => await member.OffsetAsync() >= offset,
                $"{member.Name} is in step with {master.Name}",
                Patience
            );
        }
    }

    /// <summary>
    /// Cuts a replica off its master, from within as <see cref="TestKit.Servers.ReplicaPauser"/>
    /// says why. Its agent gives the replica another password when it follows again.
    /// </summary>
    /// <param name="master">The master.</param>
    /// <param name="replicas">Which; default: the other one that may be master.</param>
    public async Task CutAsync(SiteMember master, params SiteMember[] replicas)
    {
        foreach (var replica in replicas.Length > 0 ? replicas : [Other(master)])
        {
            // A connection that is still being made is no replica's yet, and would not be killed.
            await LinkIsAsync(replica, "up");
            await replica.AskRedisAsync("CONFIG", "SET", "masterauth", "held-back-by-test");
            await master.AskRedisAsync("CLIENT", "KILL", "TYPE", "replica");
            await LinkIsAsync(replica, "down");
        }
    }

    private static Task LinkIsAsync(SiteMember replica, string status) =>
        Condition.HoldsAsync(
            async () =>
                (await replica.AskRedisAsync("INFO", "replication")).Contains(
                    $"master_link_status:{status}",
                    StringComparison.Ordinal
                ),
            $"the replication link of {replica.Name} is {status}"
        );

    /// <summary>The number of its host.</summary>
    public int IndexOf(SiteMember member) => _members.IndexOf(member);

    /// <summary>What the agent of a member has told keepalived last.</summary>
    public async Task<int> TrackedAsync(SiteMember member) =>
        int.Parse(await File.ReadAllTextAsync(TrackFile(member.Name)), CultureInfo.InvariantCulture);

    /// <summary>Writes it in the place of an agent that is dead.</summary>
    public Task TrackAsync(SiteMember member, int value) =>
        File.WriteAllTextAsync(TrackFile(member.Name), value.ToString(CultureInfo.InvariantCulture));

    /// <summary>The other one of the two that may be master.</summary>
    public SiteMember Other(SiteMember member) => _members.Take(Balanced).Single(other => other != member);

    /// <summary>
    /// Thaws and starts everything, and waits until one is the master, what only a former one has
    /// was merged, and all others follow it.
    /// </summary>
    public async Task BringBackAsync()
    {
        await StartZooKeepersAsync();
        await StartEtcdsAsync();
        foreach (var member in _members)
        {
            await member.BringBackAsync();
        }

        await StartVoterAsync();
        await Condition.HoldsAsync(IsCompleteAsync, "one is the master and all others follow it", Patience);
    }

    /// <summary>Kills every ZooKeeper server.</summary>
    public Task KillZooKeepersAsync() => Task.WhenAll(_zooKeepers.Select(server => server.Process.Kill9Async()));

    /// <summary>Starts the ZooKeeper servers that have ended, with their data.</summary>
    public async Task StartZooKeepersAsync()
    {
        ZooKeeperServer[] ended = [.. _zooKeepers.Where(server => server.Process.HasExited)];
        if (ended.Length > 0)
        {
            await ZooKeeperServer.StartAgainAsync(_zooKeepers, ended);
        }
    }

    /// <summary>Kills every etcd server.</summary>
    public Task KillEtcdsAsync() => Task.WhenAll(_etcds.Select(server => server.Process.Kill9Async()));

    /// <summary>Starts the etcd servers that have ended, with their data.</summary>
    public async Task StartEtcdsAsync()
    {
        EtcdServer[] ended = [.. _etcds.Where(server => server.Process.HasExited)];
        if (ended.Length > 0)
        {
            await EtcdServer.StartAgainAsync(_etcds, ended);
        }
    }

    /// <summary>Starts the voter, unless it runs.</summary>
    public async Task StartVoterAsync()
    {
        if (!HasVoter || _voter is { HasExited: false })
        {
            return;
        }

        if (_voter is { } old)
        {
            await old.DisposeAsync();
        }

        _voter = await StartToolAsync(Third, "voter", _directory.File("voter.json"));
    }

    /// <summary>Ends the agents and the voter, and removes all that they knew.</summary>
    public async Task LoseStoreAsync()
    {
        await Task.WhenAll([.. _members.Select(member => member.KillAgentAsync()), Voter.Kill9Async()]);
        foreach (var name in _members.Select(member => member.Name).Append("voter"))
        {
            Directory.Delete(_directory.File(name), recursive: true);
            Directory.CreateDirectory(_directory.File(name));
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (_virtual is { } address)
        {
            await address.DisposeAsync();
        }

        if (_balancer is { } balancer)
        {
            await balancer.DisposeAsync();
        }

        foreach (var member in _members)
        {
            await member.DisposeAsync();
        }

        if (_voter is { } voter)
        {
            await voter.DisposeAsync();
        }

        foreach (var server in _zooKeepers)
        {
            await server.DisposeAsync();
        }

        foreach (var server in _etcds)
        {
            await server.DisposeAsync();
        }

        _http.Dispose();
        _directory.Dispose();
    }

    /// <summary>Everything that the agents have logged.</summary>
    public string Logs() =>
        string.Join('\n', _members.Select(member => $"agent of {member.Name}:\n{member.Agent.Output}"))
        + _virtual?.Logs();

    /// <summary>
    /// Waits until a new connection to the one address reaches this Redis and may log in.
    /// </summary>
    private Task LeadsToAsync(SiteMember master) =>
        Condition.HoldsAsync(
            async () =>
            {
                try
                {
                    using var client = await RawRedisClient.ConnectAsync(
                        Address.Address.ToString(),
                        Address.Port,
                        null,
                        TimeSpan.FromSeconds(2)
                    );
                    return await client.CommandAsync("AUTH", NodeUser, NodePassword) == "OK"
                        && (await client.CommandAsync("INFO", "server")).Contains(
                            $"run_id:{await RunIdAsync(master)}\r",
                            StringComparison.Ordinal
                        );
                }
                catch (Exception e) when (e is IOException or System.Net.Sockets.SocketException or TimeoutException)
                {
                    return false;
                }
            },
            $"the one address leads to {master.Name}",
            Patience
        );

    private static async Task<string> RunIdAsync(SiteMember member) =>
        (await member.AskRedisAsync("INFO", "server"))
            .Split("\r\n")
            .First(line => line.StartsWith("run_id:", StringComparison.Ordinal))["run_id:".Length..];

    private string TrackFile(string member) => _directory.File($"{member}-run/lease");

    private async Task<SiteMember> PrimaryAsync(Func<SiteMember, bool> isAwaited, string what)
    {
        SiteMember? found = null;
        try
        {
            await Condition.HoldsAsync(
                async () =>
                {
                    foreach (var member in _members.Where(isAwaited))
                    {
                        if (await member.GetAsync("/primary") == 200)
                        {
                            found = member;
                        }
                    }

                    return found is not null;
                },
                what,
                Patience
            );
        }
        catch (TimeoutException failure)
        {
            throw new TimeoutException($"{failure.Message}\n{Logs()}", failure);
        }

        return found!;
    }

    private async Task<bool> IsCompleteAsync()
    {
        foreach (var member in _members)
        {
            if (await member.StatusAsync() is not { Ruler: { } ruler, Change: null } status || ruler != member.Name)
            {
                continue;
            }

            return status.Ledger.Count == 0
                && status.Members.All(seen =>
                    seen.IsAgentAlive
                    && (seen.Name == ruler ? seen.IsOpen : seen is { Role: MemberRole.Replica, IsLinkUp: true })
                );
        }

        return false;
    }

    private async Task StartMembersAsync()
    {
        var count = _options.HasReadReplica ? Balanced + 1 : Balanced;
        var (redis, agents) = (new int[count], new int[count]);
        for (var i = 0; i < count; i++)
        {
            // All are reached at the address that moves.
            redis[i] = _options.HasKeepalived && i > 0 ? redis[0] : FreePort.Next();
            agents[i] = FreePort.Next();
        }

        for (var i = 0; i < count; i++)
        {
            var name = NameOf(i);
            var settings = await WriteSettingsAsync(name, redis, agents);
            string[] bind = [];
            if (_options.HasKeepalived)
            {
                Directory.CreateDirectory(Path.GetDirectoryName(TrackFile(name))!);
                bind = [await VirtualAddress.ListenAsync(_options.Hosts[i])];
            }

            var server = await RedisServer.StartAsync(
                new RedisServerOptions
                {
                    On = _options.Hosts[i],
                    Port = redis[i],
                    AppendOnly = true,
                    Config = ["appendfsync everysec", .. Closed().Lines(), .. bind],
                }
            );
            _members.Add(new SiteMember(name, _options.Hosts[i], agents[i], server, settings, _http));
        }

        if (HasVoter)
        {
            await WriteSettingsAsync("voter", redis, agents);
        }
    }

    private static string NameOf(int member) => string.Create(CultureInfo.InvariantCulture, $"redis-{member}");

    private static ClosedStart Closed() =>
        new()
        {
            AgentUser = AgentUser,
            AgentPassword = AgentPassword,
            ApplicationUser = NodeUser,
            ApplicationPassword = NodePassword,
            KeyPrefix = KeyPrefix,
        };

    private async Task<string> WriteSettingsAsync(string name, int[] redis, int[] agents)
    {
        var directory = _directory.File(name);
        Directory.CreateDirectory(directory);
        var members = redis.Select(
            (port, i) =>
                string.Create(
                    CultureInfo.InvariantCulture,
                    $$"""
                    {
                      "Name": "{{NameOf(i)}}", "Redis": "{{_options.Hosts[i].Address}}:{{port}}",
                      "Agent": "http://{{_options.Hosts[i].Address}}:{{agents[i]}}", "IsReadReplica": {{(
                        i >= Balanced ? "true" : "false"
                    )}}
                    }
                    """
                )
        );
        var store =
            _zooKeepers.Length > 0
                ? $"\"Coordinator\": \"zookeeper={string.Join(',', _zooKeepers.Select(one => one.Endpoint))}/shop,"
                    + $"password={Secret}\","
            : _etcds.Length > 0
                ? $"\"Coordinator\": \"etcd={string.Join(',', _etcds.Select(one => one.Endpoint))}/shop\","
            : HasVoter
                ? string.Create(CultureInfo.InvariantCulture, $"\"Voter\": \"http://{Third.Address}:{_voterPort}\",")
            : "";
        var track =
            _options.HasKeepalived && name != "voter"
                ? $"""
                    , "TrackFile": "{TrackFile(name)}"
                    """
                : "";
        var file = _directory.File($"{name}.json");

        // Without a window a member may be promoted as often as a test kills the other one.
        await File.WriteAllTextAsync(
            file,
            $$"""
            {
              "Logging": { "Console": { "FormatterOptions": { "TimestampFormat": "HH:mm:ss.fff " } } },
              "ClusterSession": {
                "Failover": {
                  "Cluster": "shop", "Name": "{{name}}", "Members": [ {{string.Join(", ", members)}} ], {{store}}
                  "Directory": "{{directory}}", "Secret": "{{Secret}}", "RedisPassword": "{{AgentPassword}}",
                  "KeyPrefix": "{{KeyPrefix}}", "FlappingWindow": "00:00:00" {{track}}
                  {{_options.Settings}}
                }
              }
            }
            """
        );
        return file;
    }

    private static NodeSettings Node(string addresses) =>
        new() { Store = $"{addresses},fence=lease,user={NodeUser},password={NodePassword}" };
}
