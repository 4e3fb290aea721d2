using ClusterSession.Failover.Coordination;
using ClusterSession.Failover.Tests;
using ClusterSession.Failover.Time;
using ClusterSession.Failover.ZooKeeper.Leases;

namespace ClusterSession.ZooKeeper.Tests.Failover;

/// <summary>Three coordinators over one server, below a path of their own.</summary>
internal sealed class ZooKeeperSite : ICoordinatorSite
{
    private readonly List<ZooKeeperCoordinator> _coordinators = [];
    private readonly string _connection;

    public ZooKeeperSite(string servers)
    {
        _connection = $"{servers}/site-{Guid.NewGuid():N}";
        for (var i = 0; i < 3; i++)
        {
            Add();
        }
    }

    public IReadOnlyList<IFailoverCoordinator> Coordinators => _coordinators;

    /// <summary>Another one, as of a process that is started again.</summary>
    public ZooKeeperCoordinator Add()
    {
        var options = ZooKeeperOptions.Parse(_connection);
        options.OperationTimeout = TimeSpan.FromSeconds(20);
        var coordinator = new ZooKeeperCoordinator(options, BoottimeClock.Instance, new Random());
        _coordinators.Add(coordinator);
        return coordinator;
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var coordinator in _coordinators)
        {
            await coordinator.DisposeAsync();
        }
    }
}
