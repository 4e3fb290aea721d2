using System.Security.Claims;
using System.Text.Encodings.Web;
using Microsoft.AspNetCore.Authentication;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace ClusterSession.Tests.Http.SignIn;

/// <summary>
/// As OpenID Connect: the provider's answer comes to a path of its own, is answered inside of
/// UseAuthentication by signing in to the cookie scheme, and never reaches the sessions.
/// </summary>
public sealed class RemoteLogin(
    IOptionsMonitor<RemoteAuthenticationOptions> options,
    ILoggerFactory logger,
    UrlEncoder encoder
) : RemoteAuthenticationHandler<RemoteAuthenticationOptions>(options, logger, encoder)
{
    public const string Name = "remote";
    public const string Path = "/signin-remote";

    protected override Task<HandleRequestResult> HandleRemoteAuthenticateAsync()
    {
        var name = Request.Query["as"].ToString();
        var user = new ClaimsPrincipal(
            new ClaimsIdentity(
                [new Claim(ClaimTypes.NameIdentifier, name, null, Request.Query["issuer"].ToString())],
                Scheme.Name
            )
        );
        return Task.FromResult(
            HandleRequestResult.Success(
                new AuthenticationTicket(user, new AuthenticationProperties { RedirectUri = "/" }, Scheme.Name)
            )
        );
    }
}
