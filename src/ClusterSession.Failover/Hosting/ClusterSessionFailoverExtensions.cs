using ClusterSession.Failover;
using ClusterSession.Failover.Agents;
using ClusterSession.Failover.Coordination;
using ClusterSession.Failover.Deciding;
using ClusterSession.Failover.Face;
using ClusterSession.Failover.Hosting;
using ClusterSession.Failover.Options;
using ClusterSession.Failover.Peers;
using ClusterSession.Failover.Raft;
using ClusterSession.Failover.Tracking;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Microsoft.Extensions.DependencyInjection;

/// <summary>Lets an application be the agent beside a Redis.</summary>
public static class ClusterSessionFailoverExtensions
{
    /// <summary>
    /// Registers the agent, and its server of the coordination store unless the settings name
    /// another store (<see cref="FailoverOptions.Coordinator"/>). The settings are those of the
    /// section <c>ClusterSession:Failover</c>, then those of <paramref name="configure"/>. Settings
    /// that cannot work stop the application at its start.
    /// </summary>
    /// <remarks>
    /// An agent that is stopped releases nothing. Its Redis takes no writes any more when the
    /// record that nobody extends has run out (<see cref="FailoverOptions.RecordLife"/>), and
    /// another member takes over when the lease has (<see cref="FailoverOptions.Ttl"/>). An agent
    /// that is started again before that goes on as the master's. A process that is only a voter
    /// calls <c>AddRaftCoordinator</c>.
    /// </remarks>
    /// <param name="services">The application's services.</param>
    /// <param name="configure">Changes what the configuration says.</param>
    public static IServiceCollection AddClusterSessionFailover(
        this IServiceCollection services,
        Action<FailoverOptions>? configure = null
    )
    {
        ArgumentNullException.ThrowIfNull(services);
        services.AddSingleton<IConfigureOptions<FailoverOptions>>(static provider => new FailoverConfiguration(
            provider.GetService<IConfiguration>()
        ));
        services.AddOptions<FailoverOptions>().Configure(options => configure?.Invoke(options)).ValidateOnStart();
        services
            .AddOptions<RaftCoordinatorOptions>()
            .Configure<IOptions<FailoverOptions>>((raft, options) => AgentBuilder.Configure(raft, options.Value));
        services.TryAddSingleton(TimeProvider.System);
        services.TryAddSingleton<IRedisLinks>(static provider => new RedisLinks(
            Options(provider),
            provider.GetRequiredService<TimeProvider>()
        ));
        return services
            .AddSingleton<IValidateOptions<FailoverOptions>, FailoverValidator>()
            .AddStore()
            .AddSingleton(static provider => AgentBuilder.Timings(Options(provider)))
            .AddSingleton(static provider =>
                AgentBuilder.Settings(Options(provider)) with
                {
                    Store = Elsewhere(provider) is var (kind, text) ? kind.Shown(text) : null,
                }
            )
            .AddKeyedSingleton(FailoverConfiguration.Section, static (provider, _) =>
                PeerClients.Create(Options(provider))
            )
            .AddSingleton(static provider =>
                AgentBuilder.Links(
                    provider.GetRequiredService<AgentSettings>(),
                    provider.GetRequiredService<IFailoverCoordinator>(),
                    provider.GetRequiredService<IRedisLinks>(),
                    provider.GetRequiredKeyedService<HttpClient>(FailoverConfiguration.Section)
                )
            )
            .AddSingleton(static provider =>
                AgentBuilder.Agent(
                    provider.GetRequiredService<AgentSettings>(),
                    provider.GetRequiredService<FailoverTimings>(),
                    provider.GetRequiredService<AgentLinks>(),
                    provider.GetRequiredService<IRedisLinks>(),
                    provider.GetRequiredService<TimeProvider>(),
                    Logger(provider)
                )
            )
            .AddSingleton(static provider => new ClusterFace(
                provider.GetRequiredService<AgentSettings>(),
                provider.GetRequiredService<FailoverTimings>(),
                provider.GetRequiredService<FailoverAgent>(),
                provider.GetRequiredService<IFailoverCoordinator>().Clock
            ))
            .AddSingleton<MetricsPage>()
            .AddSingleton(static provider => new Commander(
                provider.GetRequiredService<AgentSettings>(),
                provider.GetRequiredService<FailoverTimings>(),
                provider.GetRequiredService<FailoverAgent>(),
                provider.GetRequiredService<AgentLinks>().Coordinator,
                provider.GetRequiredService<TimeProvider>()
            ))
            .AddSingleton<IHostedService>(static provider => new FailoverService(
                provider.GetRequiredService<FailoverAgent>(),
                provider.GetRequiredService<FailoverTimings>().Interval,
                provider.GetRequiredService<TimeProvider>(),
                Logger(provider)
            ))
            // Behind the agent, since the last one is stopped first: the address leaves before.
            .AddSingleton<IHostedService>(static provider => new TrackFileService(
                Options(provider).TrackFile is { } file
                    ? new TrackFile(
                        file,
                        provider.GetRequiredService<ClusterFace>(),
                        provider.GetRequiredService<TimeProvider>(),
                        Logger(provider)
                    )
                    : null,
                provider.GetRequiredService<FailoverAgent>(),
                provider.GetRequiredService<FailoverTimings>().Interval,
                provider.GetRequiredService<TimeProvider>()
            ));
    }

    /// <summary>
    /// The store that the settings name, or else this agent's own server of one. Settings are known
    /// when services are made, and not when they are registered.
    /// </summary>
    private static IServiceCollection AddStore(this IServiceCollection services) =>
        services
            .AddSingleton<IValidateOptions<RaftCoordinatorOptions>, RaftCoordinatorValidator>()
            .AddSingleton<RaftServer>()
            .AddSingleton<IHostedService>(static provider => new RaftServerService(
                Options(provider).Coordinator is null ? provider.GetRequiredService<RaftServer>() : null
            ))
            .AddSingleton<IFailoverCoordinator>(static provider =>
                Elsewhere(provider) is var (kind, text)
                    ? kind.Create(text)
                    : RaftCoordinatorExtensions.Coordinator(provider)
            );

    private static (ICoordinatorKind Kind, string Text)? Elsewhere(IServiceProvider provider) =>
        CoordinatorSetting.Of(Options(provider), provider.GetServices<ICoordinatorKind>());

    private static FailoverOptions Options(IServiceProvider provider) =>
        provider.GetRequiredService<IOptions<FailoverOptions>>().Value;

    private static ILogger Logger(IServiceProvider provider) =>
        provider.GetRequiredService<ILoggerFactory>().CreateLogger("ClusterSession.Failover");
}
