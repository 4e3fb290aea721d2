using ClusterSession.Failover;
using ClusterSession.Failover.Coordination;
using ClusterSession.Failover.Options;
using ClusterSession.Failover.Raft;
using Microsoft.Extensions.Options;

namespace Microsoft.Extensions.DependencyInjection;

/// <summary>Lets an application be a server of the coordination store.</summary>
public static class RaftCoordinatorExtensions
{
    /// <summary>
    /// Registers this process as a server, and <see cref="IFailoverCoordinator"/>. Settings that
    /// cannot work stop the application at its start.
    /// </summary>
    /// <param name="services">The application's services.</param>
    /// <param name="configure">Sets members, address, directory and secret.</param>
    public static IServiceCollection AddRaftCoordinator(
        this IServiceCollection services,
        Action<RaftCoordinatorOptions> configure
    )
    {
        ArgumentNullException.ThrowIfNull(services);
        ArgumentNullException.ThrowIfNull(configure);
        services.AddOptions<RaftCoordinatorOptions>().Configure(configure).ValidateOnStart();
        return services
            .AddSingleton<IValidateOptions<RaftCoordinatorOptions>, RaftCoordinatorValidator>()
            .AddSingleton<RaftServer>()
            .AddHostedService(static provider => provider.GetRequiredService<RaftServer>())
            .AddSingleton<IFailoverCoordinator>(Coordinator);
    }

    /// <summary>The coordinator of the store that agents and voter form themselves.</summary>
    internal static RaftCoordinator Coordinator(IServiceProvider provider) =>
        new(
            provider.GetRequiredService<RaftServer>().SendAsync,
            provider.GetRequiredService<IOptions<RaftCoordinatorOptions>>().Value
        );
}
