using ClusterSession.Failover;
using ClusterSession.Failover.Coordination;
using ClusterSession.Failover.Etcd.Hosting;

namespace Microsoft.Extensions.DependencyInjection;

/// <summary>Lets agents agree in an etcd cluster.</summary>
public static class EtcdCoordinatorExtensions
{
    /// <summary>
    /// Lets the setting <see cref="FailoverOptions.Coordinator"/> name an etcd cluster:
    /// <c>etcd=http://h1:2379,http://h2:2379,http://h3:2379/path,user=...,password=...</c>. Without
    /// that setting it changes nothing.
    /// </summary>
    /// <param name="services">The application's services.</param>
    public static IServiceCollection AddEtcdCoordinator(this IServiceCollection services)
    {
        ArgumentNullException.ThrowIfNull(services);
        return services.AddSingleton<ICoordinatorKind, EtcdKind>();
    }
}
