using ClusterSession;
using Microsoft.AspNetCore.Http.Features;

namespace Microsoft.AspNetCore.Http;

/// <summary>Gives requests their session.</summary>
public static class ClusterSessionHttpContextExtensions
{
    /// <summary>
    /// The session of the request, with what a cluster adds to it; the same object as
    /// <see cref="HttpContext.Session"/>.
    /// </summary>
    /// <param name="context">The request.</param>
    /// <exception cref="InvalidOperationException">
    /// The request has no session: <c>UseClusterSession</c> has not run, or the endpoint uses none.
    /// Or the application has put a session of its own in its place, around it for instance, that
    /// is no <see cref="IClusterSession"/>.
    /// </exception>
    public static IClusterSession GetClusterSession(this HttpContext context)
    {
        ArgumentNullException.ThrowIfNull(context);
        return context.Features.Get<ISessionFeature>()?.Session switch
        {
            IClusterSession session => session,
            null => throw new InvalidOperationException(
                "This request has no session. Call app.UseClusterSession() before the endpoints, and do not use "
                    + "SessionConcurrency.None here."
            ),
            var other => throw new InvalidOperationException(
                $"The session of this request is a {other.GetType()}, which the application has put in the place of "
                    + "the one that UseClusterSession made (ISessionFeature), and it is no IClusterSession. Let that "
                    + "class implement IClusterSession and pass its members on, or call GetClusterSession() before it "
                    + "is put there and keep the result. If UseSession is called, remove it."
            ),
        };
    }
}
