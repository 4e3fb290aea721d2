using ClusterSession.Failover;
using ClusterSession.Failover.Hosting;
using ClusterSession.Failover.Raft;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Microsoft.AspNetCore.Builder;

/// <summary>Maps what a server of the coordination store answers.</summary>
public static class RaftCoordinatorEndpointRouteBuilderExtensions
{
    /// <summary>
    /// Maps what the servers send each other, below <c>/cluster-session</c>. Every request needs
    /// the secret; the application's own authorization does not apply.
    /// </summary>
    /// <param name="routes">The application.</param>
    public static IEndpointRouteBuilder MapRaftCoordinator(this IEndpointRouteBuilder routes)
    {
        ArgumentNullException.ThrowIfNull(routes);
        var services = routes.ServiceProvider;
        var options = services.GetRequiredService<IOptions<RaftCoordinatorOptions>>().Value;
        var endpoints = new CoordinationEndpoints(
            services.GetRequiredService<RaftServer>(),
            new Admission(
                options.Secret!,
                options.AcceptCertificate,
                services.GetRequiredService<ILoggerFactory>().CreateLogger("ClusterSession.Failover")
            )
        );
        IEndpointConventionBuilder[] mapped =
        [
            routes.Map(RaftServices.Path + "/{**rest}", (RequestDelegate)endpoints.ProtocolAsync),
            routes.MapGet(PeerClient.Path, (RequestDelegate)endpoints.StatusAsync),
            routes.MapPost(PeerClient.Path, (RequestDelegate)endpoints.OperationAsync),
        ];
        foreach (var endpoint in mapped)
        {
            endpoint.WithMetadata(new AllowAnonymousAttribute());
        }

        return routes;
    }
}
