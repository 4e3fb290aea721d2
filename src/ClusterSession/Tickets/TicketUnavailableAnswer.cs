using ClusterSession.Http;
using ClusterSession.Revoking;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Diagnostics;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Options;

namespace ClusterSession.Tickets;

/// <summary>
/// Turns the exception of a login that could not be stored or ended into the same 503 as that of a
/// session. It does so also outside of UseClusterSession, where the sign-in of a remote provider
/// happens. So it stands around the whole pipeline, and is an exception handler for the error pages
/// inside of that.
/// </summary>
internal sealed class TicketUnavailableAnswer(IOptions<ClusterSessionOptions> options, Revocations revocations)
    : IStartupFilter,
        IExceptionHandler,
        IDeveloperPageExceptionFilter
{
    public Action<IApplicationBuilder> Configure(Action<IApplicationBuilder> next) =>
        app =>
        {
            app.Use(following =>
                async context =>
                {
                    // Outside of everything: what is known when the request begins is what its
                    // login may record.
                    RequestRevocations.Of(context, revocations);
                    try
                    {
                        await following(context).ConfigureAwait(false);
                    }
                    catch (SessionUnavailableException failure) when (!context.Response.HasStarted)
                    {
                        Answer(context, failure);
                    }
                }
            );
            next(app);
        };

    public ValueTask<bool> TryHandleAsync(
        HttpContext httpContext,
        Exception exception,
        CancellationToken cancellationToken
    ) => new(TryAnswer(httpContext, exception));

    public Task HandleExceptionAsync(ErrorContext errorContext, Func<ErrorContext, Task> next) =>
        TryAnswer(errorContext.HttpContext, errorContext.Exception) ? Task.CompletedTask : next(errorContext);

    private bool TryAnswer(HttpContext context, Exception exception)
    {
        if (exception is not SessionUnavailableException failure || context.Response.HasStarted)
        {
            return false;
        }

        Answer(context, failure);
        return true;
    }

    private void Answer(HttpContext context, SessionUnavailableException failure) =>
        SessionResponse.Reject(context, options.Value.RetryAfter, failure.Failure);
}
