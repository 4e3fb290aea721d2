using ClusterSession.Http;
using Microsoft.Extensions.DependencyInjection;

namespace Microsoft.AspNetCore.Builder;

/// <summary>Puts sessions into the pipeline of an application.</summary>
public static class ClusterSessionApplicationBuilderExtensions
{
    /// <summary>
    /// Opens the session of each request. Before the endpoints, after authentication if that is
    /// used, and after <c>UseRouting</c> where that is called
    /// by hand, because endpoints say how they use the session. May be called for several branches
    /// of a pipeline.
    /// </summary>
    /// <param name="app">The application.</param>
    /// <exception cref="InvalidOperationException"><c>AddClusterSession</c> was not
    /// called.</exception>
    public static IApplicationBuilder UseClusterSession(this IApplicationBuilder app)
    {
        ArgumentNullException.ThrowIfNull(app);
        var pipeline = app.ApplicationServices.GetService<SessionPipeline>()
            ?? throw new InvalidOperationException(
                "UseClusterSession needs the services of ClusterSession: call builder.Services.AddClusterSession() "
                    + "first."
            );
        pipeline.Use(app);
        return app.UseMiddleware<ClusterSessionMiddleware>();
    }
}
