using ClusterSession;

namespace Blazor;

/// <summary>The endpoints of interactive components.</summary>
internal static class CircuitEndpoints
{
    /// <summary>
    /// The connection of a circuit is one request that lasts as long as the page is open: it would
    /// show the session as it was at its beginning. Without one nobody reads it by mistake.
    /// </summary>
    public static void WithoutSessionInCircuits(this RazorComponentsEndpointConventionBuilder components) =>
        components.Add(endpoint =>
        {
            if (endpoint is RouteEndpointBuilder { RoutePattern.RawText: { } path } && path.StartsWith("/_blazor"))
            {
                endpoint.Metadata.Add(new SessionAccessAttribute(SessionConcurrency.None));
            }
        });
}
