using ClusterSession.Failover.Agents;
using ClusterSession.Failover.Deciding;
using ClusterSession.Failover.Face;
using ClusterSession.Failover.Following;
using ClusterSession.Failover.Options;
using ClusterSession.Failover.Peers;
using ClusterSession.Failover.Raft;
using ClusterSession.Failover.Time;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace ClusterSession.Failover.Hosting;

/// <summary>
/// Lets a process be a follower: the agent of a Redis that follows the present master and never
/// becomes one. It is no member, and has no vote.
/// </summary>
internal static class FollowerExtensions
{
    /// <summary>
    /// Registers it. The settings are those of an agent, with a name that no member has.
    /// </summary>
    public static IServiceCollection AddClusterSessionFollower(
        this IServiceCollection services,
        Action<FailoverOptions>? configure = null
    )
    {
        services.AddSingleton<IConfigureOptions<FailoverOptions>>(static provider => new FailoverConfiguration(
            provider.GetService<IConfiguration>()
        ));
        services
            .AddOptions<FailoverOptions>()
            .Configure(options =>
            {
                configure?.Invoke(options);
                options.IsFollower = true;
            })
            .ValidateOnStart();
        services.TryAddSingleton(TimeProvider.System);
        services.TryAddSingleton<IRedisLinks>(static provider => new RedisLinks(
            Options(provider),
            provider.GetRequiredService<TimeProvider>()
        ));
        return services
            .AddSingleton<IValidateOptions<FailoverOptions>, FailoverValidator>()
            .AddSingleton(static provider => AgentBuilder.Timings(Options(provider)))
            .AddSingleton(static provider => FollowerBuilder.Settings(Options(provider)))
            .AddKeyedSingleton(FailoverConfiguration.Section, static (provider, _) => Client(Options(provider)))
            .AddSingleton(static provider =>
            {
                var client = provider.GetRequiredKeyedService<HttpClient>(FailoverConfiguration.Section);
                return FollowerBuilder.Agent(
                    provider.GetRequiredService<AgentSettings>(),
                    provider.GetRequiredService<FailoverTimings>(),
                    provider.GetRequiredService<IRedisLinks>(),
                    member => new HttpAgentStatusReader(client, new Uri(member.Agent)),
                    (provider.GetRequiredService<TimeProvider>(), BoottimeClock.Instance),
                    Logger(provider)
                );
            })
            .AddSingleton(static provider => new ClusterFace(
                provider.GetRequiredService<AgentSettings>(),
                provider.GetRequiredService<FailoverTimings>(),
                provider.GetRequiredService<FailoverAgent>(),
                BoottimeClock.Instance
            ))
            .AddSingleton<MetricsPage>()
            .AddSingleton<IHostedService>(static provider => new FailoverService(
                provider.GetRequiredService<FailoverAgent>(),
                provider.GetRequiredService<FailoverTimings>().Interval,
                provider.GetRequiredService<TimeProvider>(),
                Logger(provider)
            ));
    }

    /// <summary>
    /// Maps <c>/replica</c>, <c>/read-only</c>, <c>/health</c> and <c>/metrics</c>, as an agent
    /// answers them. Only the agents of the members answer for the whole cluster.
    /// </summary>
    public static void MapClusterSessionFollower(this IEndpointRouteBuilder routes)
    {
        var services = routes.ServiceProvider;
        var answers = new RoleEndpoints(
            services.GetRequiredService<ClusterFace>(),
            services.GetRequiredService<MetricsPage>().Text
        );
        RoleEndpoints.Map(routes, "/replica", answers.ReplicaAsync);
        RoleEndpoints.Map(routes, "/read-only", answers.ReadOnlyAsync);
        RoleEndpoints.Map(routes, "/health", answers.HealthAsync);
        RoleEndpoints.Map(routes, "/metrics", answers.MetricsAsync);
    }

    /// <summary>Reading takes no secret, and so none is sent.</summary>
    private static HttpClient Client(FailoverOptions options)
    {
        var client = PeerClients.Create(options);
        client.DefaultRequestHeaders.Remove(RaftHandler.SecretHeader);
        return client;
    }

    private static FailoverOptions Options(IServiceProvider provider) =>
        provider.GetRequiredService<IOptions<FailoverOptions>>().Value;

    private static ILogger Logger(IServiceProvider provider) =>
        provider.GetRequiredService<ILoggerFactory>().CreateLogger("ClusterSession.Failover");
}
