using ClusterSession.Failover.Coordination;

namespace ClusterSession.Failover.Tests;

/// <summary>A store of its own, and coordinators over it as different agents have them.</summary>
public interface ICoordinatorSite : IAsyncDisposable
{
    IReadOnlyList<IFailoverCoordinator> Coordinators { get; }
}
