using ClusterSession.Failover;
using ClusterSession.Failover.Coordination;
using ClusterSession.Failover.Options;
using ClusterSession.Failover.Raft;
using Microsoft.Extensions.Options;

namespace Microsoft.Extensions.DependencyInjection;

/// <summary>Lets an application be a member of the coordination store.</summary>
public static class RaftCoordinatorExtensions
{
    /// <summary>
    /// Registers this process as a member, and <see cref="IFailoverCoordinator"/>. Settings that
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
        return services.AddRaftMember();
    }

    /// <summary>The member alone; its options come from elsewhere.</summary>
    internal static IServiceCollection AddRaftMember(this IServiceCollection services) =>
        services
            .AddSingleton<IValidateOptions<RaftCoordinatorOptions>, RaftCoordinatorValidator>()
            .AddSingleton<RaftMember>()
            .AddHostedService(static provider => provider.GetRequiredService<RaftMember>())
            .AddSingleton<IFailoverCoordinator>(static provider => new RaftCoordinator(
                provider.GetRequiredService<RaftMember>().SendAsync,
                provider.GetRequiredService<IOptions<RaftCoordinatorOptions>>().Value
            ));
}
