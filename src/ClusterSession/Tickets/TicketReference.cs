using System.Security.Claims;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authentication.Cookies;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace ClusterSession.Tickets;

/// <summary>
/// The ticket that is in a login cookie where the real one is in a store: it has one claim, the
/// key.
/// </summary>
internal static class TicketReference
{
    /// <summary>The framework's name of the claim; it has no public constant for it.</summary>
    private const string ClaimType = "Microsoft.AspNetCore.Authentication.Cookies-SessionId";

    public static bool IsReference(AuthenticationTicket ticket) =>
        ticket.Principal.HasClaim(static claim => claim.Type == ClaimType);

    public static AuthenticationTicket Make(string key, string scheme, CookieAuthenticationOptions options)
    {
        var claim = new Claim(ClaimType, key, ClaimValueTypes.String, options.ClaimsIssuer);
        return new AuthenticationTicket(new ClaimsPrincipal(new ClaimsIdentity([claim], scheme)), null, scheme);
    }

    /// <summary>The text of a cookie that names this key.</summary>
    public static string Protect(string key, string scheme, CookieAuthenticationOptions options, HttpContext context) =>
        options.TicketDataFormat.Protect(Make(key, scheme, options), TlsTokenBinding(context));

    /// <summary>What the framework binds cookies to, where the server knows such a thing.</summary>
    public static string? TlsTokenBinding(HttpContext context) =>
        context.Features.Get<ITlsTokenBindingFeature>()?.GetProvidedTokenBindingId() is { } binding
            ? Convert.ToBase64String(binding)
            : null;
}
