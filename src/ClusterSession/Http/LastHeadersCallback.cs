using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;

namespace ClusterSession.Http;

/// <summary>
/// Has the last word on a response's headers. Servers run the callbacks before the headers in
/// reverse order of their registration, so that the one registered before all middleware runs after
/// all others: a session that an outer middleware's callback changes is committed, and its
/// <c>Cache-Control: public</c> does not stay beside our cookie.
/// </summary>
internal sealed class LastHeadersCallback : IStartupFilter
{
    /// <summary>False in a pipeline that was built without a host: then the sessions' own callback
    /// has the last word.</summary>
    public bool IsInstalled { get; private set; }

    public Action<IApplicationBuilder> Configure(Action<IApplicationBuilder> next) =>
        app =>
        {
            IsInstalled = true;
            app.Use(static following =>
                context =>
                {
                    context.Response.OnStarting(static state => RunAsync((HttpContext)state), context);
                    return following(context);
                }
            );
            next(app);
        };

    private static Task RunAsync(HttpContext context) =>
        RequestSession.Of(context) is { } session
            ? RequestRuns.BeforeHeadersAsync(session, isLast: true)
            : Task.CompletedTask;
}
