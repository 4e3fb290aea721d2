using ClusterSession.Http;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace ClusterSession.Hosting;

/// <summary>
/// Has the last word on a response's headers. Servers run the callbacks before the headers in reverse order of their
/// registration, so that the one registered before all middleware runs after all others: a session that an outer
/// middleware's callback changes is committed, and its <c>Cache-Control: public</c> does not stay beside our cookie.
/// </summary>
internal sealed class LastHeadersCallback : IStartupFilter
{
    public Action<IApplicationBuilder> Configure(Action<IApplicationBuilder> next) => app =>
    {
        app.Use(static following => context =>
        {
            context.Response.OnStarting(static state => RunAsync((HttpContext)state), context);
            return following(context);
        });
        next(app);
    };

    private static Task RunAsync(HttpContext context) =>
        context.Features.Get<ISessionFeature>() is RequestSession session ? session.BeforeHeadersAsync() : Task.CompletedTask;
}
