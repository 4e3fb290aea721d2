using System.Globalization;
using System.Net.Sockets;

namespace ClusterSession.TestKit.Servers;

/// <summary>A real Redis Cluster: masters that share the 16384 slots, each with replicas.</summary>
/// <remarks>Made by commands instead of "redis-cli --cluster create", which waits in steps of
/// seconds.</remarks>
public sealed class RedisClusterFixture : IAsyncDisposable
{
    private const int Slots = 16384;

    private readonly List<RedisServer> _servers = [];
    private readonly Dictionary<RedisServer, int> _busPorts = [];

    // an id stays the same for the life of a server's directory
    private readonly Dictionary<RedisServer, string> _ids = [];

    private readonly TestCertificates? _certificates;

    private readonly string[] _config;

    private RedisClusterFixture(TestCertificates? certificates, string[] config) =>
        (_certificates, _config) = (certificates, config);

    /// <summary>
    /// All servers: first those that were masters at the start, then their replicas in the same
    /// order.
    /// </summary>
    public IReadOnlyList<RedisServer> Servers => _servers;

    /// <summary>A connection string that names all servers.</summary>
    public string ConnectionString =>
        string.Join(',', _servers.Select(s => s.Endpoint))
        + (_certificates is null ? "" : $",ssl=true,sslCaFile={_certificates.CaFile}");

    /// <summary>
    /// Starts a cluster and waits until every server calls it ok and every replica is in sync.
    /// </summary>
    /// <param name="masters">How many shards.</param>
    /// <param name="replicasEach">How many replicas each of them has.</param>
    /// <param name="nodeTimeout">After how long a server that does not respond is taken for failed;
    /// default 1 s.</param>
    /// <param name="certificates">TLS with these.</param>
    /// <param name="config">More configuration of every server, one directive each.</param>
    public static async Task<RedisClusterFixture> StartAsync(
        int masters = 3,
        int replicasEach = 1,
        TimeSpan? nodeTimeout = null,
        TestCertificates? certificates = null,
        params string[] config
    )
    {
        var cluster = new RedisClusterFixture(certificates, config);
        try
        {
            for (var i = 0; i < masters * (1 + replicasEach); i++)
            {
                await cluster.StartServerAsync(nodeTimeout ?? TimeSpan.FromSeconds(1));
            }

            await cluster.JoinAsync(masters);
            return cluster;
        }
        catch
        {
            await cluster.DisposeAsync();
            throw;
        }
    }

    /// <summary>The slot of a key, its hash tag respected, as the servers compute it.</summary>
    public async Task<int> SlotOfAsync(string key) =>
        int.Parse(await AnyAlive().CommandAsync("CLUSTER", "KEYSLOT", key), CultureInfo.InvariantCulture);

    /// <summary>The server that owns a slot now, as most masters see it.</summary>
    public async Task<RedisServer> OwnerAsync(int slot)
    {
        var votes = new List<string>();
        foreach (var master in await MastersAsync())
        {
            foreach (var node in await NodesAsync(master))
            {
                if (node.Owns(slot))
                {
                    votes.Add(node.Id);
                }
            }
        }

        var id = votes.GroupBy(v => v).MaxBy(g => g.Count())?.Key
            ?? throw new InvalidOperationException($"Nobody owns slot {slot}.");
        foreach (var server in _servers.Where(s => !s.Process.HasExited))
        {
            if (await IdAsync(server) == id)
            {
                return server;
            }
        }

        throw new InvalidOperationException($"The owner of slot {slot} is not alive.");
    }

    /// <summary>A replica of a master that is connected to it.</summary>
    public async Task<RedisServer> ReplicaOfAsync(RedisServer master)
    {
        foreach (var server in _servers.Where(server => server != master && !server.Process.HasExited))
        {
            var replication = await server.CommandAsync("INFO", "replication");
            if (
                replication.Contains($"master_port:{master.Port}\r", StringComparison.Ordinal)
                && replication.Contains("master_link_status:up", StringComparison.Ordinal)
            )
            {
                return server;
            }
        }

        throw new InvalidOperationException($"The master on port {master.Port} has no replica.");
    }

    /// <summary>
    /// Opens the migration of a slot and stops there: keys already moved answer ASK at the source,
    /// missing ones as well.
    /// </summary>
    public async Task BeginMigrationAsync(int slot, RedisServer source, RedisServer target)
    {
        await ExpectOkAsync(target, "CLUSTER", "SETSLOT", Text(slot), "IMPORTING", await IdAsync(source));
        await ExpectOkAsync(source, "CLUSTER", "SETSLOT", Text(slot), "MIGRATING", await IdAsync(target));
    }

    /// <summary>
    /// Moves up to so many keys of an open migration. Returns how many were moved.
    /// </summary>
    public static async Task<int> MigrateKeysAsync(int slot, RedisServer source, RedisServer target, int count = 100)
    {
        var keys = (await source.CommandAsync("CLUSTER", "GETKEYSINSLOT", Text(slot), Text(count))).Split(
            '\n',
            StringSplitOptions.RemoveEmptyEntries
        );
        if (keys.Length > 0)
        {
            await source.CommandAsync(["MIGRATE", target.Host, Text(target.Port), "", "0", "5000", "KEYS", .. keys]);
        }

        return keys.Length;
    }

    /// <summary>Closes a migration: the target owns the slot, and all masters are told.</summary>
    public async Task FinishMigrationAsync(int slot, RedisServer source, RedisServer target)
    {
        while (await MigrateKeysAsync(slot, source, target) > 0)
        {
            // As many rounds as there are keys: new ones may be written while old ones move.
        }

        var owner = await IdAsync(target);
        await ExpectOkAsync(target, "CLUSTER", "SETSLOT", Text(slot), "NODE", owner);
        await ExpectOkAsync(source, "CLUSTER", "SETSLOT", Text(slot), "NODE", owner);
        // Gossip would tell the others in a second or so; redis-cli tells them at once, and so does
        // this.
        foreach (var master in await MastersAsync())
        {
            await ExpectOkAsync(master, "CLUSTER", "SETSLOT", Text(slot), "NODE", owner);
        }
    }

    /// <summary>
    /// Moves a range of slots (both ends included) with all their keys to another master.
    /// </summary>
    public async Task ReshardAsync(int firstSlot, int lastSlot, RedisServer target)
    {
        for (var slot = firstSlot; slot <= lastSlot; slot++)
        {
            var source = await OwnerAsync(slot);
            if (source == target)
            {
                continue;
            }

            await BeginMigrationAsync(slot, source, target);
            await FinishMigrationAsync(slot, source, target);
        }
    }

    /// <summary>
    /// Waits until another server than this one owns the slot and every living server calls the
    /// cluster ok.
    /// </summary>
    public async Task<RedisServer> NewOwnerAsync(int slot, RedisServer old)
    {
        RedisServer? owner = null;
        await Condition.HoldsAsync(
            async () =>
            {
                try
                {
                    owner = await OwnerAsync(slot);
                    return owner != old && await AllAreOkAsync();
                }
                catch (Exception e)
                    when (e is InvalidOperationException or IOException or SocketException or TimeoutException)
                {
                    return false;
                }
            },
            $"another server owns slot {slot}",
            TimeSpan.FromSeconds(30)
        );
        return owner!;
    }

    /// <summary>
    /// Waits until all servers name the same owners, and everybody who owns nothing is a replica
    /// that is connected.
    /// </summary>
    public Task RestAsync() =>
        Condition.HoldsAsync(
            async () =>
            {
                try
                {
                    return await AllAreOkAsync() && await AllAgreeAsync();
                }
                catch (Exception e)
                    when (e is InvalidOperationException or IOException or SocketException or TimeoutException)
                {
                    return false;
                }
            },
            "all servers name the same owners, and all others follow them",
            TimeSpan.FromSeconds(60)
        );

    /// <summary>Starts a killed server again; it finds its place by its own cluster file.</summary>
    public Task RejoinAsync(RedisServer server) => server.StartAgainAsync();

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        foreach (var server in _servers)
        {
            await server.DisposeAsync();
        }
    }

    private sealed record Node(string Id, string Flags, IReadOnlyList<(int From, int To)> Ranges)
    {
        public bool Owns(int slot) =>
            Flags.Contains("master", StringComparison.Ordinal)
            && !Flags.Contains("fail", StringComparison.Ordinal)
            && Ranges.Any(r => r.From <= slot && slot <= r.To);
    }

    private async Task StartServerAsync(TimeSpan nodeTimeout)
    {
        // The usual bus port is the port plus 10000, which may be anybody's.
        var busPort = FreePort.Next();
        var server = await RedisServer.StartAsync(
            new RedisServerOptions
            {
                Certificates = _certificates,
                Config =
                [
                    "cluster-enabled yes",
                    "cluster-config-file nodes.conf",
                    $"cluster-port {busPort}",
                    $"cluster-node-timeout {(long)nodeTimeout.TotalMilliseconds}",
                    "cluster-replica-validity-factor 0",
                    .. _config,
                ],
            }
        );
        _servers.Add(server);
        _busPorts.Add(server, busPort);
    }

    private async Task JoinAsync(int masters)
    {
        for (var i = 0; i < masters; i++)
        {
            var (from, to) = (i * Slots / masters, ((i + 1) * Slots / masters) - 1);
            await ExpectOkAsync(_servers[i], "CLUSTER", "ADDSLOTSRANGE", Text(from), Text(to));
        }

        for (var i = 0; i < _servers.Count; i++)
        {
            await ExpectOkAsync(_servers[i], "CLUSTER", "SET-CONFIG-EPOCH", Text(i + 1));
            if (i > 0)
            {
                await ExpectOkAsync(
                    _servers[i],
                    "CLUSTER",
                    "MEET",
                    _servers[0].Host,
                    Text(_servers[0].Port),
                    Text(_busPorts[_servers[0]])
                );
            }
        }

        foreach (var server in _servers)
        {
            await Condition.HoldsAsync(
                async () => (await NodesAsync(server)).Count == _servers.Count,
                "all servers know each other"
            );
        }

        for (var i = masters; i < _servers.Count; i++)
        {
            await ExpectOkAsync(_servers[i], "CLUSTER", "REPLICATE", await IdAsync(_servers[i % masters]));
        }

        for (var i = masters; i < _servers.Count; i++)
        {
            var replica = _servers[i];
            await Condition.HoldsAsync(async () => await ReplicationAsync(replica) == "up", "each replica is in sync");
        }

        await Condition.HoldsAsync(AllAreOkAsync, "every server calls the cluster ok");
    }

    private async Task<bool> AllAreOkAsync()
    {
        foreach (var server in _servers.Where(s => !s.Process.HasExited))
        {
            if (!(await server.CommandAsync("CLUSTER", "INFO")).Contains("cluster_state:ok", StringComparison.Ordinal))
            {
                return false;
            }
        }

        return true;
    }

    private async Task<bool> AllAgreeAsync()
    {
        var views = new HashSet<string>();
        foreach (var server in _servers)
        {
            var nodes = await NodesAsync(server);
            views.Add(
                string.Join(
                    ' ',
                    nodes
                        .Where(node => node.Ranges.Count > 0)
                        .Select(node => $"{node.Id}:{string.Join(',', node.Ranges.Order())}")
                        .Order(StringComparer.Ordinal)
                )
            );
            var id = await IdAsync(server);
            if (
                nodes.First(node => node.Id == id).Ranges.Count == 0
                && !(await server.CommandAsync("INFO", "replication")).Contains(
                    "master_link_status:up",
                    StringComparison.Ordinal
                )
            )
            {
                return false;
            }
        }

        return views.Count == 1;
    }

    private async Task<IReadOnlyList<RedisServer>> MastersAsync()
    {
        var masters = new List<RedisServer>();
        foreach (var server in _servers.Where(s => !s.Process.HasExited))
        {
            if (await server.IsMasterAsync())
            {
                masters.Add(server);
            }
        }

        return masters;
    }

    private RedisServer AnyAlive() => _servers.First(s => !s.Process.HasExited);

    private static async Task<string?> ReplicationAsync(RedisServer server) =>
        (await server.CommandAsync("INFO", "replication")).Contains("master_link_status:up", StringComparison.Ordinal)
            ? "up"
            : null;

    private async Task<string> IdAsync(RedisServer server)
    {
        if (!_ids.TryGetValue(server, out var id))
        {
            _ids[server] = id = await server.CommandAsync("CLUSTER", "MYID");
        }

        return id;
    }

    // id address flags master ping pong epoch link slot-range...   (ranges in brackets are migrations)
    private static async Task<List<Node>> NodesAsync(RedisServer server) =>
        [
            .. (await server.CommandAsync("CLUSTER", "NODES"))
                .Split('\n', StringSplitOptions.RemoveEmptyEntries)
                .Select(line => line.Split(' '))
                .Where(parts => parts.Length >= 8)
                .Select(parts => new Node(parts[0], parts[2], [.. parts[8..].Where(r => r[0] != '[').Select(Range)])),
        ];

    private static (int From, int To) Range(string text)
    {
        var ends = text.Trim().Split('-');
        return (int.Parse(ends[0], CultureInfo.InvariantCulture), int.Parse(ends[^1], CultureInfo.InvariantCulture));
    }

    private static async Task ExpectOkAsync(RedisServer server, params string[] command)
    {
        var reply = await server.CommandAsync(command);
        if (reply != "OK")
        {
            throw new InvalidOperationException($"{string.Join(' ', command)} was answered with {reply}.");
        }
    }

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);
}
