using System.Security.Claims;
using ClusterSession.Principals;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Http.Features.Authentication;

namespace ClusterSession.Http.SignIn;

/// <summary>
/// Which principal a user is. The function of the options that names the principal of a request
/// decides it.
/// </summary>
internal static class UserPrincipal
{
    /// <summary>
    /// The key of the principal of a user, or null if it is nobody's. The function of the options
    /// asks a request: here it is given the request with that user in place of its own.
    /// </summary>
    public static PrincipalKey? Of(ClaimsPrincipal user, HttpContext? request, ClusterSessionOptions options)
    {
        var features = new FeatureCollection(request?.Features ?? new DefaultHttpContext().Features);
        features.Set<IHttpAuthenticationFeature>(new GivenUser { User = user });
        return options.Principal(new DefaultHttpContext(features)) is { Length: > 0 } name
            ? PrincipalKey.Of(name)
            : null;
    }

    /// <summary>
    /// Assigning the user to the request's own feature would change that feature for everybody.
    /// </summary>
    private sealed class GivenUser : IHttpAuthenticationFeature
    {
        public ClaimsPrincipal? User { get; set; }
    }
}
