using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace ClusterSession.ChaosNode;

/// <summary>
/// Says in headers what a browser can not see but a checker wants: the version after the request's
/// changes were committed, and for an answer that the endpoint had no part in, that nothing can
/// have been committed.
/// </summary>
/// <remarks>Callbacks before the headers run in reverse order of their registration: this one is
/// registered first, so it sees the session after its commit.</remarks>
internal sealed class CommitHeaders(RequestDelegate next)
{
    public const string Version = "X-Chaos-Version";
    public const string NotCommitted = "X-Chaos-Not-Committed";
    public const string RegressedHeader = "X-Chaos-Regressed";

    private static readonly object EndpointRan = new();

    public static void MarkEndpointRan(HttpContext context, string? served) =>
        context.Items[EndpointRan] = served ?? "";

    public Task InvokeAsync(HttpContext context)
    {
        context.Response.OnStarting(static state => WriteAsync((HttpContext)state), context);
        return next(context);
    }

    private static Task WriteAsync(HttpContext context)
    {
        if (!context.Items.TryGetValue(EndpointRan, out var served))
        {
            context.Response.Headers[NotCommitted] = "1";
            return Task.CompletedTask;
        }
        if (context.Features.Get<ISessionFeature>()?.Session is IClusterSession session)
        {
            if (VersionText.Of(session) is { } now && now != (string)served!)
            {
                context.Response.Headers[Version] = now;
            }
            if (session.IsRegressed)
            {
                // Also where the body was dropped for a 503.
                context.Response.Headers[RegressedHeader] = "1";
            }
        }
        return Task.CompletedTask;
    }
}
