using ClusterSession;
using Microsoft.AspNetCore.Http.Features;

namespace Microsoft.AspNetCore.Http;

/// <summary>Gives requests their session.</summary>
public static class ClusterSessionHttpContextExtensions
{
    /// <summary>The session of the request, with what a cluster adds to it; the same object as <see cref="HttpContext.Session"/>.</summary>
    /// <param name="context">The request.</param>
    /// <exception cref="InvalidOperationException">The request has no session: <c>UseClusterSession</c> has not run, or the endpoint uses none.</exception>
    public static IClusterSession GetClusterSession(this HttpContext context)
    {
        ArgumentNullException.ThrowIfNull(context);
        return context.Features.Get<ISessionFeature>()?.Session as IClusterSession ?? throw new InvalidOperationException(
            "This request has no session. Call app.UseClusterSession() before the endpoints, and do not use SessionConcurrency.None here.");
    }
}
