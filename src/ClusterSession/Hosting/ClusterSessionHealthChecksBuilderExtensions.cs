using ClusterSession.Management;

namespace Microsoft.Extensions.DependencyInjection;

/// <summary>Adds the health of sessions to an application's health checks.</summary>
public static class ClusterSessionHealthChecksBuilderExtensions
{
    /// <summary>
    /// Reports Degraded, never Unhealthy, while the store is not responding, this node has commits
    /// that only it has, or nodes of an older release are there.
    /// </summary>
    /// <param name="builder">From <c>AddHealthChecks</c>.</param>
    /// <param name="name">The name of the check.</param>
    public static IHealthChecksBuilder AddClusterSession(this IHealthChecksBuilder builder, string name = "sessions") =>
        builder.AddCheck<SessionHealthCheck>(name);
}
