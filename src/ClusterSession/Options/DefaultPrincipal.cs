using System.Security.Claims;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features.Authentication;

namespace ClusterSession.Options;

/// <summary>Who is logged in, where the options do not say otherwise.</summary>
internal static class DefaultPrincipal
{
    /// <summary>
    /// The name of an authenticated user, or null. By the feature, because
    /// <see cref="HttpContext.User"/> makes an anonymous user where there is none.
    /// </summary>
    public static string? Of(HttpContext context) =>
        context.Features.Get<IHttpAuthenticationFeature>()?.User
            is { Identity: { IsAuthenticated: true } identity } user
            ? (
                user.FindFirst(ClaimTypes.NameIdentifier)
                ?? user.FindFirst("sub")
                ?? user.FindFirst(ClaimTypes.PrimarySid)
            )?.Value
                ?? identity.Name
            : null;
}
