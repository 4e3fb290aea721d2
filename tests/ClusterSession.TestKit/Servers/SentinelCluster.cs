using System.Globalization;
using System.Net.Sockets;

namespace ClusterSession.TestKit.Servers;

/// <summary>A real master with replicas, watched by real sentinels.</summary>
/// <remarks>
/// A server is restarted as a replica of the current master, as a sane unit file does it: one that
/// starts as a master answers as an empty master for about ten seconds, until the sentinels demote
/// it. That case can be had too, it is a test of its own.
/// </remarks>
public sealed class SentinelCluster : IAsyncDisposable
{
    private readonly SentinelClusterOptions _options;
    private readonly List<RedisServer> _servers = [];
    private readonly List<RedisSentinel> _sentinels = [];

    private SentinelCluster(SentinelClusterOptions options) => _options = options;

    /// <summary>All Redis servers; the first one was the master at the start.</summary>
    public IReadOnlyList<RedisServer> Servers => _servers;

    /// <summary>All sentinels.</summary>
    public IReadOnlyList<RedisSentinel> Sentinels => _sentinels;

    /// <summary>
    /// A connection string in the StackExchange.Redis dialect that names the sentinels.
    /// </summary>
    public string ConnectionString =>
        string.Join(',', _sentinels.Select(s => s.Endpoint))
        + $",serviceName={_options.MasterName}"
        + (_options.Certificates is { } certificates ? $",ssl=true,sslCaFile={certificates.CaFile}" : "")
        + (_options.Password is { } password ? $",password={password}" : "");

    /// <summary>
    /// Starts everything and waits until each sentinel knows all servers and all other sentinels.
    /// </summary>
    public static async Task<SentinelCluster> StartAsync(SentinelClusterOptions? options = null)
    {
        var cluster = new SentinelCluster(options ?? new SentinelClusterOptions());
        try
        {
            await cluster.StartServersAsync();
            await cluster.StartSentinelsAsync();
            return cluster;
        }
        catch
        {
            await cluster.DisposeAsync();
            throw;
        }
    }

    /// <summary>The server that most of the answering sentinels call the master.</summary>
    public async Task<RedisServer> MasterAsync() =>
        await FindMasterAsync() ?? throw new InvalidOperationException("No sentinel answers.");

    /// <summary>The servers that are alive and are not the master the sentinels name.</summary>
    public async Task<IReadOnlyList<RedisServer>> ReplicasAsync()
    {
        var master = await MasterAsync();
        return [.. _servers.Where(s => s != master && !s.Process.HasExited)];
    }

    /// <summary>
    /// Of <see cref="ReplicasAsync"/>, those that call themselves replicas. Of two sentinels that
    /// began a failover each (3 of 20 kills), the loser's choice calls itself master for seconds
    /// after the other one has been named: nothing that it does shows when a replica is promoted.
    /// </summary>
    public async Task<IReadOnlyList<RedisServer>> StandbysAsync()
    {
        List<RedisServer> standbys = [];
        foreach (var server in await ReplicasAsync())
        {
            if (await TryAsync(() => server.InfoAsync("replication", "role")) == "slave")
            {
                standbys.Add(server);
            }
        }

        return standbys;
    }

    /// <summary>
    /// Waits until the sentinels name another master than this one, and it calls itself a master
    /// and takes writes.
    /// </summary>
    public async Task<RedisServer> NewMasterAsync(RedisServer old, TimeSpan? deadline = null)
    {
        RedisServer? found = null;
        await Condition.HoldsAsync(
            async () =>
            {
                var master = await MasterAsync();
                if (master == old || await TryAsync(() => master.InfoAsync("replication", "role")) != "master")
                {
                    return false;
                }

                found = master;
                return true;
            },
            "the sentinels name a new master that calls itself one",
            deadline ?? TimeSpan.FromSeconds(90)
        ); // Sentinels that split their votes try again only after twice the failover timeout.
        return found!;
    }

    /// <summary>
    /// Waits until one of these replicas takes writes: some time before the sentinels name it.
    /// </summary>
    public async Task<RedisServer> PromotedAsync(IReadOnlyList<RedisServer> replicas)
    {
        RedisServer? found = null;
        await Condition.HoldsAsync(
            async () =>
            {
                foreach (var replica in replicas)
                {
                    if (await TryAsync(() => replica.InfoAsync("replication", "role")) == "master")
                    {
                        found = replica;
                    }
                }

                return found is not null;
            },
            "a replica is promoted",
            TimeSpan.FromSeconds(90)
        );
        return found!;
    }

    /// <summary>Asks for a planned failover and waits for the new master.</summary>
    public async Task<RedisServer> FailoverAsync()
    {
        var old = await MasterAsync();
        for (var attempt = 1; ; attempt++)
        {
            await Condition.HoldsAsync(
                async () =>
                    await MasterAsync() != old
                    || await _sentinels[0].CommandAsync("SENTINEL", "FAILOVER", _options.MasterName) == "OK",
                "a sentinel agrees to a failover (it refuses while it knows no good replica)"
            );
            try
            {
                return await NewMasterAsync(old, attempt < 3 ? TimeSpan.FromSeconds(30) : null);
            }
            catch (TimeoutException) when (attempt < 3)
            {
                // Given up by the sentinel, as where the replica that it chose does not answer in
                // time; a planned one does not begin again by itself.
            }
        }
    }

    /// <summary>
    /// Starts a killed server again as a replica of the current master and waits until it is in
    /// sync.
    /// </summary>
    public async Task RejoinAsync(RedisServer server)
    {
        var master = await MasterAsync();
        await server.StartAgainAsync($"replicaof {master.Host} {master.Port}");
        await InSyncAsync([server]);
        await CalmAsync();
    }

    /// <summary>
    /// Waits until these servers (default: all replicas that are alive, once the sentinels are
    /// calm) have a working link to a master, or one of them is the master by now.
    /// </summary>
    public async Task InSyncAsync(IReadOnlyList<RedisServer>? replicas = null)
    {
        if (replicas is null)
        {
            await CalmAsync();
        }

        foreach (var replica in replicas ?? await ReplicasAsync())
        {
            await Condition.HoldsAsync(
                async () =>
                    await TryAsync(() => replica.InfoAsync("replication", "master_link_status")) == "up"
                    || await FindMasterAsync() == replica,
                $"the replica on port {replica.Port} is in sync",
                TimeSpan.FromSeconds(90)
            ); // It may have to wait until Sentinel has told it of a newer master.
        }
    }

    /// <summary>
    /// Waits until all sentinels that answer name the same master and none is in the middle of a
    /// failover: one that is would sleep through the next death until its own failover has timed
    /// out, and a replica that is held back keeps it there.
    /// </summary>
    private Task CalmAsync() =>
        Condition.HoldsAsync(
            async () =>
            {
                var flags = new List<string>();
                foreach (var sentinel in _sentinels)
                {
                    if (
                        await TryAsync(async () =>
                            (await sentinel.MasterAsync(_options.MasterName)) is var master
                                ? $"{master["ip"]}:{master["port"]} {master["flags"]}"
                                : ""
                        ) is
                        { } said
                    )
                    {
                        flags.Add(said);
                    }
                }

                return flags.Distinct().ToList() is [var one] && one.EndsWith(" master", StringComparison.Ordinal);
            },
            "the sentinels agree and are calm",
            TimeSpan.FromSeconds(90)
        );

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        // Sentinels first: they must not see servers die and reconfigure the rest meanwhile.
        foreach (var sentinel in _sentinels)
        {
            await sentinel.DisposeAsync();
        }

        foreach (var server in _servers)
        {
            await server.DisposeAsync();
        }
    }

    private async Task<RedisServer?> FindMasterAsync()
    {
        var votes = new List<string>();
        foreach (var sentinel in _sentinels)
        {
            if (
                await TryAsync(() =>
                    sentinel.CommandAsync("SENTINEL", "GET-MASTER-ADDR-BY-NAME", _options.MasterName)
                ) is
                { } address
            )
            {
                votes.Add(address.Replace('\n', ':'));
            }
        }

        var winner = votes.GroupBy(v => v).MaxBy(g => g.Count())?.Key;
        return winner is null ? null : _servers.Single(s => s.Endpoint == winner);
    }

    private async Task StartServersAsync()
    {
        for (var i = 0; i <= _options.Replicas; i++)
        {
            _servers.Add(
                await RedisServer.StartAsync(
                    new RedisServerOptions
                    {
                        On = HostOf(i),
                        Password = _options.Password,
                        Certificates = _options.Certificates,
                        Config =
                        [
                            .. _options.Config,
                            .. i == 0 ? [] : (string[])[$"replicaof {_servers[0].Host} {_servers[0].Port}"],
                        ],
                    }
                )
            );
        }

        await InSyncAsync(_servers[1..]);
    }

    private async Task StartSentinelsAsync()
    {
        var name = _options.MasterName;
        List<string> config =
        [
            $"sentinel monitor {name} {_servers[0].Host} {_servers[0].Port} {(_options.Sentinels / 2) + 1}",
            $"sentinel down-after-milliseconds {name} {Milliseconds(_options.DownAfter)}",
            $"sentinel failover-timeout {name} {Milliseconds(_options.FailoverTimeout)}",
            $"sentinel parallel-syncs {name} 1",
        ];
        if (_options.Password is { } password)
        {
            config.Add($"sentinel auth-pass {name} {password}");
        }

        for (var i = 0; i < _options.Sentinels; i++)
        {
            _sentinels.Add(
                await RedisSentinel.StartAsync(HostOf(i), config, _options.SentinelPassword, _options.Certificates)
            );
        }

        foreach (var sentinel in _sentinels)
        {
            await Condition.HoldsAsync(
                async () =>
                    await sentinel.MasterAsync(name) is var master
                    && master["num-slaves"] == _options.Replicas.ToString(CultureInfo.InvariantCulture)
                    && master["num-other-sentinels"] == (_options.Sentinels - 1).ToString(CultureInfo.InvariantCulture),
                $"the sentinel on port {sentinel.Port} knows everybody",
                TimeSpan.FromSeconds(30)
            );
        }
    }

    private NetworkHost HostOf(int index) => _options.Hosts[index % _options.Hosts.Count];

    private static string Milliseconds(TimeSpan time) =>
        ((long)time.TotalMilliseconds).ToString(CultureInfo.InvariantCulture);

    private static async Task<string?> TryAsync(Func<Task<string>> command)
    {
        try
        {
            return await command();
        }
        catch (Exception e) when (e is IOException or SocketException or TimeoutException or InvalidOperationException)
        {
            return null;
        }
    }
}
