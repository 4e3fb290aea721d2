using ClusterSession.Failover;
using ClusterSession.Failover.Agents;
using ClusterSession.Failover.Face;
using ClusterSession.Failover.Hosting;
using ClusterSession.Failover.Peers;
using ClusterSession.Failover.Raft;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Microsoft.AspNetCore.Builder;

/// <summary>Maps what the agent beside a Redis answers.</summary>
public static class ClusterSessionFailoverEndpointRouteBuilderExtensions
{
    /// <summary>
    /// Maps what the agent answers, <c>/primary</c>, <c>/replica</c>, <c>/read-only</c>,
    /// <c>/health</c>, <c>/cluster</c>, <c>/history</c> and <c>/metrics</c>; the operator's
    /// commands, <c>/cluster/commands</c>; and what the members send each other below
    /// <c>/cluster-session</c>. Commands and members need the secret; the application's own
    /// authorization applies to nothing of it.
    /// </summary>
    /// <param name="routes">The application.</param>
    public static IEndpointRouteBuilder MapClusterSessionFailover(this IEndpointRouteBuilder routes)
    {
        ArgumentNullException.ThrowIfNull(routes);
        var services = routes.ServiceProvider;
        var options = Options(services);
        var admission = new Admission(options.Secret!, options.AcceptCertificate, Logger(services));
        var face = services.GetRequiredService<ClusterFace>();
        var roles = new RoleEndpoints(face, services.GetRequiredService<MetricsPage>().Text);
        var answers = new FaceEndpoints(
            face,
            options.Coordinator is null
                ? services.GetRequiredService<RaftServer>().Status
                : static () => RaftStatus.None
        );
        var peers = new PeerEndpoints(services.GetRequiredService<FailoverAgent>(), face, admission, Logger(services));
        var commands = new CommandEndpoint(services.GetRequiredService<Commander>(), admission, Logger(services));
        var path = PeerAgent.PathOf(options.Cluster!, options.Name!);
        RoleEndpoints.Map(routes, "/primary", roles.PrimaryAsync);
        RoleEndpoints.Map(routes, "/replica", roles.ReplicaAsync);
        RoleEndpoints.Map(routes, "/read-only", roles.ReadOnlyAsync);
        RoleEndpoints.Map(routes, "/health", roles.HealthAsync);
        RoleEndpoints.Map(routes, "/cluster", answers.ClusterAsync);
        RoleEndpoints.Map(routes, "/metrics", roles.MetricsAsync);
        RoleEndpoints.Map(routes, "/history", answers.HistoryAsync);
        IEndpointConventionBuilder[] mapped =
        [
            routes.MapPost("/cluster/commands", (RequestDelegate)commands.RunAsync),
            routes.MapGet(path, (RequestDelegate)peers.AliveAsync),
            routes.MapPost(path, (RequestDelegate)peers.PromiseAsync),
        ];
        foreach (var endpoint in mapped)
        {
            endpoint.WithMetadata(new AllowAnonymousAttribute());
        }

        return options.Coordinator is null ? routes.MapRaftCoordinator() : routes;
    }

    private static FailoverOptions Options(IServiceProvider provider) =>
        provider.GetRequiredService<IOptions<FailoverOptions>>().Value;

    private static ILogger Logger(IServiceProvider provider) =>
        provider.GetRequiredService<ILoggerFactory>().CreateLogger("ClusterSession.Failover");
}
