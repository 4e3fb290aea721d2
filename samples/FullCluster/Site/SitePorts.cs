using System.Net;

namespace FullCluster.Site;

/// <summary>
/// Addresses and free ports for all that listens; they stay the same while parts die and return.
/// </summary>
internal sealed class SitePorts
{
    private readonly SiteNetwork _network;

    public SitePorts(SiteNetwork network, int zooKeepers)
    {
        _network = network;
        Nginx = At("nginx");
        Voter = zooKeepers == 0 ? At("voter") : null;
        ZooKeepers = Enumerable
            .Range(1, zooKeepers)
            .Select(number => $"zookeeper-{number}")
            .ToDictionary(name => name, name => (At(name), FreePort.Next(), FreePort.Next()));
        Nodes = new[] { "web-1", "web-2" }.ToDictionary(name => name, name => At(name));
        Agents = new[] { "redis-1", "redis-2" }.ToDictionary(name => name, name => At(name));

        // An address that moves has one port, which is that of every Redis.
        int? shared = network.Virtual is null ? null : FreePort.Next();
        Candidates = new[] { "redis-1", "redis-2" }.ToDictionary(name => name, name => At(name, shared));
        Replicas = new[] { "slave1", "slave2" }.ToDictionary(name => name, name => At(name));
        Followers = Replicas.Keys.ToDictionary(name => name, name => At(name));
        Redis = Candidates.Concat(Replicas).ToDictionary();
        Master = network.Virtual is { } address ? new(IPAddress.Parse(address), shared!.Value) : At("haproxy");
    }

    public IPEndPoint Nginx { get; }

    /// <summary>Where nodes reach the master: HAProxy, or the address that moves.</summary>
    public IPEndPoint Master { get; }

    /// <summary>The third vote; null: the agents agree in ZooKeeper.</summary>
    public IPEndPoint? Voter { get; }

    /// <summary>Where clients reach each ZooKeeper, and its two ports for the others.</summary>
    public IReadOnlyDictionary<string, (IPEndPoint Address, int Quorum, int Election)> ZooKeepers { get; }

    public IReadOnlyDictionary<string, IPEndPoint> Nodes { get; }

    /// <summary>Every Redis: candidates and replicas.</summary>
    public IReadOnlyDictionary<string, IPEndPoint> Redis { get; }

    /// <summary>The Redis that can become master.</summary>
    public IReadOnlyDictionary<string, IPEndPoint> Candidates { get; }

    /// <summary>The Redis that only follow.</summary>
    public IReadOnlyDictionary<string, IPEndPoint> Replicas { get; }

    /// <summary>The agent beside each candidate.</summary>
    public IReadOnlyDictionary<string, IPEndPoint> Agents { get; }

    /// <summary>The follower beside each replica.</summary>
    public IReadOnlyDictionary<string, IPEndPoint> Followers { get; }

    private IPEndPoint At(string part, int? port = null) =>
        new(IPAddress.Parse(_network.Of(part).Address), port ?? FreePort.Next());
}
