using System.Security.Claims;
using ClusterSession.Sessions.Principals;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Http.Features.Authentication;

namespace ClusterSession.Tickets;

/// <summary>Whose ticket it is, by the same function that says whose session it is.</summary>
internal static class TicketPrincipal
{
    /// <summary>
    /// The key of the principal of a ticket, or null if it is nobody's. The function of the options
    /// asks a request: here it is given the request with the ticket's user in place of its own.
    /// </summary>
    public static PrincipalKey? Of(ClaimsPrincipal user, HttpContext? request, ClusterSessionOptions options)
    {
        var features = new FeatureCollection(request?.Features ?? new DefaultHttpContext().Features);
        features.Set<IHttpAuthenticationFeature>(new TicketUser { User = user });
        return options.Principal(new DefaultHttpContext(features)) is { Length: > 0 } name
            ? PrincipalKey.Of(name)
            : null;
    }

    /// <summary>
    /// A feature of the request's would be changed for everybody by assigning the user.
    /// </summary>
    private sealed class TicketUser : IHttpAuthenticationFeature
    {
        public ClaimsPrincipal? User { get; set; }
    }
}
