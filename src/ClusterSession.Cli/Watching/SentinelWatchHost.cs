using ClusterSession.Failover.Face;
using ClusterSession.Failover.Hosting;
using ClusterSession.Failover.Time;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace ClusterSession.Cli.Watching;

/// <summary>Lets a process be the watcher of a Sentinel site.</summary>
internal static class SentinelWatchHost
{
    private const string Client = "cluster-session-watch";

    public static IServiceCollection AddSentinelWatch(
        this IServiceCollection services,
        SentinelWatchSettings settings
    ) =>
        services
            .AddSingleton(_ => new SiteLookout(
                settings.Redis,
                settings.Own,
                settings.Deadline,
                Client,
                TimeProvider.System
            ))
            .AddSingleton(_ => new SentinelWatch(settings, BoottimeClock.Instance))
            .AddSingleton<IHostedService>(provider => new SentinelWatchService(
                provider.GetRequiredService<SiteLookout>().LookAsync,
                provider.GetRequiredService<SentinelWatch>(),
                settings,
                TimeProvider.System,
                BoottimeClock.Instance,
                provider.GetRequiredService<ILoggerFactory>().CreateLogger("ClusterSession.Sentinel")
            ));

    /// <summary>Maps what an agent answers, but for its history: Sentinels keep none.</summary>
    public static void MapSentinelWatch(this IEndpointRouteBuilder routes)
    {
        var watch = routes.ServiceProvider.GetRequiredService<SentinelWatch>();
        var roles = new RoleEndpoints(watch, new SentinelMetrics(watch).Text);
        RoleEndpoints.Map(routes, "/primary", roles.PrimaryAsync);
        RoleEndpoints.Map(routes, "/replica", roles.ReplicaAsync);
        RoleEndpoints.Map(routes, "/read-only", roles.ReadOnlyAsync);
        RoleEndpoints.Map(routes, "/health", roles.HealthAsync);
        RoleEndpoints.Map(routes, "/metrics", roles.MetricsAsync);
        RoleEndpoints.Map(routes, "/cluster", ClusterAsync);

        Task ClusterAsync(HttpContext context)
        {
            var (isRuled, status) = watch.Cluster();
            return JsonResponse.WriteAsync(
                context,
                RoleEndpoints.StatusOf(isRuled),
                status,
                FaceJson.Default.ClusterStatus
            );
        }
    }
}
