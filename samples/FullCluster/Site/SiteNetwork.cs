namespace FullCluster.Site;

/// <summary>
/// Where parts run: all of them on 127.0.0.1. Where keepalived moves an address, each Redis with
/// its agent is on a host of its own and everything else on a third one: network namespaces, which
/// this machine alone reaches.
/// </summary>
internal sealed class SiteNetwork : IAsyncDisposable
{
    private readonly SplitBrainNet? _net;

    private SiteNetwork(SplitBrainNet? net) => _net = net;

    /// <summary>The address that moves; null: HAProxy leads to the master.</summary>
    public string? Virtual =>
        _net is { Hosts: [{ Address: var address }, ..] } ? address[..(address.LastIndexOf('.') + 1)] + "100" : null;

    public static async Task<SiteNetwork> CreateAsync(bool hasVirtual) =>
        new(hasVirtual ? await SplitBrainNet.CreateAsync(3) : null);

    /// <summary>Where a part runs, by its name.</summary>
    public NetworkHost Of(string part) =>
        _net is null ? NetworkHost.Loopback
        : part is "redis-1" or "agent-1" or "keepalived-1" ? _net.Hosts[0]
        : part is "redis-2" or "agent-2" or "keepalived-2" ? _net.Hosts[1]
        : _net.Hosts[2];

    /// <summary>
    /// Lets Redis listen on the address while another host has it, as its unit does.
    /// </summary>
    public async Task AllowAddressAsync()
    {
        foreach (var host in _net is { } net ? net.Hosts.Take(2) : [])
        {
            string[] set = [ServerBinary.Find("sysctl"), "-q", "-w", "net.ipv4.ip_nonlocal_bind=1"];
            await SystemProgram.RunAsync("ip", ["netns", "exec", host.Namespace!, .. set]);
        }
    }

    public ValueTask DisposeAsync() => _net?.DisposeAsync() ?? ValueTask.CompletedTask;
}
