using System.Globalization;
using ClusterSession.TestKit.Servers;

namespace ClusterSession.ChaosTests.Agents;

/// <summary>
/// An address that follows the lease: keepalived on the hosts of both candidates, from the
/// generated files, of which only addresses and paths are changed.
/// </summary>
/// <remarks>
/// Which host has it when is what the kernel says: <c>ip monitor</c> on each host, with times.
/// </remarks>
internal sealed class VirtualAddress : IAsyncDisposable
{
    private readonly Site[] _sites;
    private readonly string _directory;

    private VirtualAddress(string address, Site[] sites, string directory) =>
        (Address, _sites, _directory) = (address, sites, directory);

    /// <summary>The address.</summary>
    public string Address { get; }

    /// <summary>That of the network of a host.</summary>
    public static string Of(NetworkHost host) => host.Address[..(host.Address.LastIndexOf('.') + 1)] + "100";

    /// <summary>
    /// Lets programs on a host listen on the address while another one has it, as the unit of Redis
    /// does. Returns the line of Redis' configuration.
    /// </summary>
    public static async Task<string> ListenAsync(NetworkHost host)
    {
        await SystemProgram.RunAsync(
            "ip",
            "netns",
            "exec",
            host.Namespace!,
            ServerBinary.Find("sysctl"),
            "-q",
            "-w",
            "net.ipv4.ip_nonlocal_bind=1"
        );
        return $"bind {host.Address} {Of(host)}";
    }

    /// <summary>Starts keepalived on the hosts of the first two members.</summary>
    public static Task<VirtualAddress> StartAsync(
        IReadOnlyList<NetworkHost> hosts,
        IReadOnlyList<SiteMember> members,
        Func<string, string> trackFile,
        string directory
    ) =>
        StartAsync(
            hosts,
            [.. members.Take(2).Select(member => member.Redis.Port)],
            "keepalived",
            host => [("/run/cluster-session/redis-1/lease", trackFile(members[host].Name))],
            directory
        );

    /// <summary>Starts keepalived on two hosts.</summary>
    /// <param name="hosts">The hosts.</param>
    /// <param name="ports">Where Redis listens on each.</param>
    /// <param name="generated">The folder of the generated files.</param>
    /// <param name="changes">What is different in those of a host.</param>
    /// <param name="directory">Where they are written.</param>
    public static async Task<VirtualAddress> StartAsync(
        IReadOnlyList<NetworkHost> hosts,
        IReadOnlyList<int> ports,
        string generated,
        Func<int, (string Old, string New)[]> changes,
        string directory
    )
    {
        var sites = new List<Site>();
        for (var i = 0; i < 2; i++)
        {
            var monitor = await hosts[i].StartAsync("ip", ["-ts", "-4", "monitor", "address"], directory);
            sites.Add(new Site(i, hosts[i], monitor));
        }

        var address = new VirtualAddress(Of(hosts[0]), [.. sites], directory);
        foreach (var site in sites)
        {
            await address.WriteAsync(
                site,
                generated,
                [
                    .. changes(site.Index),
                    (
                        "10.0.0.11 -p 6379",
                        string.Create(CultureInfo.InvariantCulture, $"{site.Host.Address} -p {ports[site.Index]}")
                    ),
                    ("10.0.0.10/24", $"{address.Address}/24"),
                    ("10.0.0.11", site.Host.Address),
                    ("10.0.0.12", sites[1 - site.Index].Host.Address),
                ]
            );
            await address.StartKeepalivedAsync(site.Index);
        }

        return address;
    }

    /// <summary>Starts keepalived on a host.</summary>
    public async Task StartKeepalivedAsync(int host)
    {
        var site = _sites[host];
        await (site.Keepalived?.DisposeAsync() ?? ValueTask.CompletedTask);
        site.Keepalived = await site.Host.StartAsync(
            "keepalived",
            ["--dont-fork", "--log-console", "-p", Pid(site), "-r", VrrpPid(site), "-f", Configuration(site)],
            _directory
        );
        await site.Keepalived.ReadyAsync(() => Task.FromResult(File.Exists(VrrpPid(site))));
    }

    /// <summary>
    /// kill -9, of the process that has the address first: it would release the address when its
    /// parent dies.
    /// </summary>
    public async Task KillKeepalivedAsync(int host)
    {
        Signal.Kill(int.Parse(await File.ReadAllTextAsync(VrrpPid(_sites[host])), CultureInfo.InvariantCulture));
        await _sites[host].Keepalived!.Kill9Async();
        File.Delete(VrrpPid(_sites[host]));
    }

    /// <summary>Asks it to end: it releases the address.</summary>
    public Task StopKeepalivedAsync(int host) => _sites[host].Keepalived!.TerminateAsync();

    /// <summary>
    /// Waits until keepalived of a host has run its script some more times, each a second after the
    /// other: for longer than it would take to miss its neighbour.
    /// </summary>
    public Task LooksAgainAsync(int host)
    {
        const int Some = 4;
        var until = Looks(host) + Some;
        return Condition.HoldsAsync(
            () => Looks(host) >= until,
            $"keepalived of host {host} looks {Some} more times",
            TimeSpan.FromSeconds(60)
        );
    }

    /// <summary>From now on the script of a host takes so many seconds longer.</summary>
    public async Task DelayScriptAsync(int host, int seconds)
    {
        var script = Script(_sites[host]);
        var draft = script + ".draft";
        var lines = await File.ReadAllLinesAsync(script);
        await File.WriteAllLinesAsync(
            draft,
            [lines[0], string.Create(CultureInfo.InvariantCulture, $"sleep {seconds}"), .. lines[1..]]
        );
        File.Move(draft, script, overwrite: true); // A shell that reads it goes on with the former one.
    }

    /// <summary>Whether a host has the address at this moment.</summary>
    public async Task<bool> IsAtAsync(int host) =>
        (
            await SystemProgram.RunAsync("ip", "-n", _sites[host].Host.Namespace!, "-4", "addr", "show", "dev", "eth0")
        ).Contains($"inet {Address}/", StringComparison.Ordinal);

    /// <summary>Waits until a host has the address, or no more.</summary>
    public Task AwaitAsync(int host, bool isThere = true) =>
        Condition.HoldsAsync(
            async () => await IsAtAsync(host) == isThere,
            $"host {host} {(isThere ? "has" : "no longer has")} the address {Address}",
            TimeSpan.FromSeconds(60)
        );

    /// <summary>All that has happened to it, in order.</summary>
    public IReadOnlyList<Move> Moves() => [.. _sites.SelectMany(Moves).OrderBy(move => move.At)];

    /// <summary>How often a host has got it.</summary>
    public int Arrivals(int host) => Moves().Count(move => move.Host == host && move.IsThere);

    /// <summary>How long both hosts had it, each time; none: they never had.</summary>
    public IReadOnlyList<TimeSpan> OnBoth()
    {
        var has = new bool[_sites.Length];
        var both = new List<TimeSpan>();
        DateTimeOffset? since = null;
        foreach (var move in Moves())
        {
            has[move.Host] = move.IsThere;
            if (has.All(one => one))
            {
                since = move.At;
            }
            else if (since is { } begun)
            {
                both.Add(move.At - begun);
                since = null;
            }
        }

        return since is null ? both : [.. both, Timeout.InfiniteTimeSpan];
    }

    /// <summary>What keepalived has logged.</summary>
    public string Logs() =>
        string.Concat(
            _sites.Select(site => $"{Environment.NewLine}keepalived of host {site.Index}:\n{site.Keepalived?.Output}")
        );

    public async ValueTask DisposeAsync()
    {
        foreach (var site in _sites)
        {
            if (site.Keepalived is { HasExited: false } keepalived)
            {
                await keepalived.TerminateAsync();
            }

            await (site.Keepalived?.DisposeAsync() ?? ValueTask.CompletedTask);
            await site.Monitor.DisposeAsync();
        }
    }

    /// <summary>One line of ip monitor: [time] Deleted 2: eth0 inet ADDRESS/24 ...</summary>
    private IEnumerable<Move> Moves(Site site) =>
        site
            .Monitor.Output.Split('\n')
            .Where(line => line.Contains($"inet {Address}/", StringComparison.Ordinal))
            .Select(line => new Move(
                DateTimeOffset.Parse(
                    line[1..line.IndexOf(']', StringComparison.Ordinal)],
                    CultureInfo.InvariantCulture,
                    DateTimeStyles.AssumeLocal
                ),
                site.Index,
                !line.Contains("Deleted", StringComparison.Ordinal)
            ));

    private async Task WriteAsync(Site site, string generated, (string Old, string New)[] others)
    {
        var script = Script(site);
        (string Old, string New)[] changes =
        [
            ("/etc/cluster-session/keepalived/redis-1-notify.sh", Configuration(site) + "-notify.sh"),
            ("/etc/cluster-session/keepalived/redis-1.sh", script),
            .. others,
        ];
        foreach (var file in Directory.GetFiles(Path.Combine(AppContext.BaseDirectory, generated), "redis-1*"))
        {
            var end = Path.GetFileName(file)["redis-1".Length..];
            await File.WriteAllTextAsync(
                end == ".conf" ? Configuration(site) : Configuration(site) + end,
                changes.Aggregate(await File.ReadAllTextAsync(file), (all, change) =>
                    all.Replace(change.Old, change.New, StringComparison.Ordinal)
                )
            );
        }

        // How often it runs is counted by a line of its own.
        var counting = $"echo >>{Counter(site.Index)}\n";
        await File.WriteAllTextAsync(script, counting + await File.ReadAllTextAsync(script));
    }

    private long Looks(int host) => new FileInfo(Counter(host)) is { Exists: true } counter ? counter.Length : 0;

    private string Counter(int host) =>
        Path.Combine(_directory, string.Create(CultureInfo.InvariantCulture, $"looks-{host}"));

    private string Configuration(Site site) => Path.Combine(_directory, $"keepalived-{site.Index}.conf");

    private string Script(Site site) => Configuration(site) + ".sh";

    private string Pid(Site site) => Path.Combine(_directory, $"keepalived-{site.Index}.pid");

    private string VrrpPid(Site site) => Path.Combine(_directory, $"vrrp-{site.Index}.pid");

    /// <summary>A host got the address, or lost it.</summary>
    public sealed record Move(DateTimeOffset At, int Host, bool IsThere);

    private sealed record Site(int Index, NetworkHost Host, ServerProcess Monitor)
    {
        public ServerProcess? Keepalived { get; set; }
    }
}
