using System.Text.Json.Nodes;
using ClusterSession.Failover.Coordination;
using ClusterSession.Failover.Etcd.Keys;
using ClusterSession.Failover.Etcd.Leases;
using ClusterSession.Failover.Etcd.Options;
using ClusterSession.Failover.Tests;
using ClusterSession.Failover.Time;

namespace ClusterSession.Etcd.Tests.Failover;

/// <summary>Three coordinators over one etcd cluster, below a path of their own.</summary>
internal sealed class EtcdSite : ICoordinatorSite
{
    private readonly List<EtcdCoordinator> _coordinators = [];
    private readonly EtcdServer[] _servers;
    private readonly string _path = $"/site-{Guid.NewGuid():N}";

    public EtcdSite(params EtcdServer[] servers)
    {
        _servers = servers;
        for (var i = 0; i < 3; i++)
        {
            Add();
        }
    }

    public IReadOnlyList<IFailoverCoordinator> Coordinators => _coordinators;

    /// <summary>So long that a server that starts on a busy machine is waited for.</summary>
    public static EtcdOptions Options(string connection) =>
        ConnectionString.Parse(connection) with
        {
            OperationTimeout = TimeSpan.FromSeconds(20),
        };

    /// <summary>Those of all servers.</summary>
    public EtcdOptions Options() => Options(Connection(_servers));

    /// <summary>The keys of a cluster below the path of this site.</summary>
    public ClusterKeys Keys(string cluster) => new(_path, cluster);

    /// <summary>Another one, as of a process that is started again.</summary>
    public EtcdCoordinator Add() => Add(Options());

    /// <summary>One that knows these servers only.</summary>
    public EtcdCoordinator Over(params EtcdServer[] servers) => Add(Options(Connection(servers)));

    /// <summary>One that does not wait long for servers that are not there.</summary>
    public EtcdCoordinator Impatient() => Add(Options() with { OperationTimeout = TimeSpan.FromSeconds(2) });

    /// <summary>Takes the lease of a cluster away, as an operator with etcdctl can.</summary>
    public async Task RevokeAsync(EtcdServer server, string cluster)
    {
        var key = EtcdServer.Base64($"{_path}/cluster-{cluster}/lease");
        var found = await server.AskAsync("kv/range", new JsonObject { ["key"] = key });
        var lease = (string)found["kvs"]![0]!["lease"]!;
        await server.AskAsync("lease/revoke", new JsonObject { ["ID"] = lease });
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var coordinator in _coordinators)
        {
            await coordinator.DisposeAsync();
        }
    }

    private string Connection(EtcdServer[] servers) =>
        string.Join(',', servers.Select(server => server.Endpoint)) + _path;

    private EtcdCoordinator Add(EtcdOptions options)
    {
        var coordinator = new EtcdCoordinator(options, BoottimeClock.Instance);
        _coordinators.Add(coordinator);
        return coordinator;
    }
}
