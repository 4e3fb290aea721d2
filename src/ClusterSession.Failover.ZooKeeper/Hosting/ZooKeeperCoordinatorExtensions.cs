using ClusterSession.Failover.Coordination;
using ClusterSession.Failover.Time;
using ClusterSession.Failover.ZooKeeper.Leases;
using ClusterSession.ZooKeeper;

namespace Microsoft.Extensions.DependencyInjection;

/// <summary>Lets agents agree in a ZooKeeper ensemble.</summary>
public static class ZooKeeperCoordinatorExtensions
{
    /// <summary>The path below which it stands, unless another one is set.</summary>
    private const string DefaultPath = "/cluster-session";

    /// <summary>Registers <see cref="IFailoverCoordinator"/> over the ensemble.</summary>
    /// <param name="services">The application's services.</param>
    /// <param name="configure">Sets servers and credentials.</param>
    public static IServiceCollection AddZooKeeperCoordinator(
        this IServiceCollection services,
        Action<ZooKeeperOptions> configure
    )
    {
        ArgumentNullException.ThrowIfNull(services);
        ArgumentNullException.ThrowIfNull(configure);
        var options = new ZooKeeperOptions { OperationTimeout = TimeSpan.FromSeconds(2) };
        configure(options);
        options.Chroot ??= DefaultPath;
        return services.AddSingleton<IFailoverCoordinator>(_ => new ZooKeeperCoordinator(
            options,
            BoottimeClock.Instance,
            new Random()
        ));
    }
}
