using ClusterSession.Failover;
using ClusterSession.Failover.Coordination;
using ClusterSession.Failover.ZooKeeper.Hosting;

namespace Microsoft.Extensions.DependencyInjection;

/// <summary>Lets agents agree in a ZooKeeper ensemble.</summary>
public static class ZooKeeperCoordinatorExtensions
{
    /// <summary>
    /// Lets the setting <see cref="FailoverOptions.Coordinator"/> name an ensemble:
    /// <c>zookeeper=h1:2181,h2:2181,h3:2181/path,password=...</c>. Without that setting it changes
    /// nothing.
    /// </summary>
    /// <param name="services">The application's services.</param>
    public static IServiceCollection AddZooKeeperCoordinator(this IServiceCollection services)
    {
        ArgumentNullException.ThrowIfNull(services);
        return services.AddSingleton<ICoordinatorKind, ZooKeeperKind>();
    }
}
