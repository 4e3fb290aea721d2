using System.Globalization;

namespace ClusterSession.Processes;

/// <summary>
/// Several machines on one, each a network namespace with an address of its own, that can be cut
/// off from each other.
/// </summary>
/// <remarks>
/// <code>
///  host 0 (namespace)   host 1            host 2
///   eth0 10.x.y.1        eth0 10.x.y.2     eth0 10.x.y.3
///     |                    |                 |
///   --+------- bridge -----+-----------------+---   this machine: 10.x.y.254, reaches all, always
/// </code>
/// A cut is made with the neighbour table: the sender gets a hardware address that nobody has.
/// Packets then vanish without an error, as in a real partition: no RST, no ICMP, connects time
/// out, established connections hang. Needs neither nftables nor netem, only "ip", and can be made
/// in one direction. (A blackhole route was rejected: it answers the sender's own connect with
/// EINVAL at once.)
/// </remarks>
public sealed class SplitBrainNet : IAsyncDisposable
{
    private const string NobodysHardwareAddress = "02:00:00:de:ad:01";
    private static int _count;

    private readonly string _prefix;
    private readonly string _network;
    private readonly List<NetworkHost> _hosts = [];
    private readonly HashSet<(int From, int To)> _cuts = [];

    private SplitBrainNet(int number)
    {
        // Interface names have at most 15 characters.
        _prefix = string.Create(CultureInfo.InvariantCulture, $"cs{Environment.ProcessId % 100_000}x{number}");
        _network = string.Create(
            CultureInfo.InvariantCulture,
            $"10.{200 + (Environment.ProcessId % 50)}.{((Environment.ProcessId / 50) + number) % 256}"
        );
    }

    /// <summary>
    /// Whether this process may make namespaces (root on Linux with the ip command).
    /// </summary>
    public static bool CanBeMade =>
        OperatingSystem.IsLinux() && Environment.IsPrivilegedProcess && ServerBinary.TryFind("ip") is not null;

    /// <summary>The machines.</summary>
    public IReadOnlyList<NetworkHost> Hosts => _hosts;

    /// <summary>Makes the network.</summary>
    /// <exception cref="InvalidOperationException">Not root, or the kernel has no bridge or veth;
    /// with the command that failed.</exception>
    public static async Task<SplitBrainNet> CreateAsync(int hosts)
    {
        var net = new SplitBrainNet(Interlocked.Increment(ref _count));
        try
        {
            await net.IpAsync("link", "add", net.Bridge, "type", "bridge");
            await net.IpAsync("addr", "add", $"{net._network}.254/24", "dev", net.Bridge);
            await net.IpAsync("link", "set", net.Bridge, "up");
            for (var i = 0; i < hosts; i++)
            {
                await net.AddHostAsync(i);
            }

            return net;
        }
        catch
        {
            await net.DisposeAsync();
            throw;
        }
    }

    /// <summary>
    /// Cuts one group of hosts off from all others, both ways. This machine still reaches all of
    /// them.
    /// </summary>
    public async Task PartitionAsync(params int[] group)
    {
        foreach (var inside in group)
        {
            foreach (var outside in Enumerable.Range(0, _hosts.Count).Except(group))
            {
                await CutAsync(inside, outside);
                await CutAsync(outside, inside);
            }
        }
    }

    /// <summary>
    /// Lets everything that one host sends to another vanish; the other direction stays as it is.
    /// </summary>
    public async Task CutAsync(int from, int to)
    {
        if (_cuts.Add((from, to)))
        {
            await InAsync(
                from,
                "neigh",
                "replace",
                _hosts[to].Address,
                "lladdr",
                NobodysHardwareAddress,
                "dev",
                "eth0",
                "nud",
                "permanent"
            );
        }
    }

    /// <summary>Ends all cuts.</summary>
    public async Task HealAsync()
    {
        foreach (var (from, to) in _cuts.ToList())
        {
            await InAsync(from, "neigh", "del", _hosts[to].Address, "dev", "eth0");
            _cuts.Remove((from, to));
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        for (var i = 0; i < _hosts.Count; i++)
        {
            // The cable by name: closing sockets keep a namespace, and what is in it, alive for
            // minutes after its name is gone.
            await TryIpAsync("link", "del", Outside(i));
            await TryIpAsync("netns", "del", _hosts[i].Namespace!);
        }

        await TryIpAsync("link", "del", Bridge);
    }

    private string Outside(int host) => string.Create(CultureInfo.InvariantCulture, $"{_prefix}v{host}");

    private string Bridge => _prefix + "br";

    private async Task AddHostAsync(int index)
    {
        var number = index.ToString(CultureInfo.InvariantCulture);
        var host = new NetworkHost(
            string.Create(CultureInfo.InvariantCulture, $"{_network}.{index + 1}"),
            $"{_prefix}n{number}"
        );
        await IpAsync("netns", "add", host.Namespace!);
        _hosts.Add(host);
        await IpAsync("link", "add", Outside(index), "type", "veth", "peer", "name", "eth0", "netns", host.Namespace!);
        await IpAsync("link", "set", Outside(index), "master", Bridge, "up");
        await InAsync(index, "addr", "add", $"{host.Address}/24", "dev", "eth0");
        await InAsync(index, "link", "set", "eth0", "up");
        await InAsync(index, "link", "set", "lo", "up");
    }

    private Task<string> InAsync(int host, params string[] arguments) =>
        IpAsync(["-n", _hosts[host].Namespace!, .. arguments]);

    private Task<string> IpAsync(params string[] arguments) => SystemProgram.RunAsync("ip", arguments);

    private async Task TryIpAsync(params string[] arguments)
    {
        try
        {
            await IpAsync(arguments);
        }
        catch (InvalidOperationException)
        {
            // Never made, or gone already.
        }
    }
}
