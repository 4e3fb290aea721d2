using System.Security.Claims;
using ClusterSession.Http;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Options;

namespace ClusterSession.Tickets;

/// <summary>
/// Tells the ticket store of a sign-in, which the framework does not, and turns a store that is not responding into the 503
/// of a session's: neither a login page, where the provider would send the browser back at once, nor an exception.
/// </summary>
internal sealed class TicketAuthenticationService(IAuthenticationService inner, IOptions<ClusterSessionOptions> options, TicketOutageLog log)
    : IAuthenticationService
{
    public async Task<AuthenticateResult> AuthenticateAsync(HttpContext context, string? scheme)
    {
        try
        {
            return await inner.AuthenticateAsync(context, scheme).ConfigureAwait(false);
        }
        catch (SessionUnavailableException failure) when (!context.Response.HasStarted)
        {
            log.Write(failure.Failure);
            TicketOutage.Begin(context, options.Value.RetryAfter);
            return AuthenticateResult.Fail(failure);
        }
    }

    public Task ChallengeAsync(HttpContext context, string? scheme, AuthenticationProperties? properties) =>
        TicketOutage.IsIn(context) ? RejectAsync(context) : inner.ChallengeAsync(context, scheme, properties);

    public Task ForbidAsync(HttpContext context, string? scheme, AuthenticationProperties? properties) =>
        TicketOutage.IsIn(context) ? RejectAsync(context) : inner.ForbidAsync(context, scheme, properties);

    public async Task SignInAsync(
        HttpContext context, string? scheme, ClaimsPrincipal principal, AuthenticationProperties? properties)
    {
        var request = TicketRequest.Of(context);
        request.BeginSignIn();
        try
        {
            await inner.SignInAsync(context, scheme, principal, properties).ConfigureAwait(false);
        }
        finally
        {
            request.EndSignIn();
        }
    }

    public Task SignOutAsync(HttpContext context, string? scheme, AuthenticationProperties? properties) =>
        inner.SignOutAsync(context, scheme, properties);

    private Task RejectAsync(HttpContext context)
    {
        SessionResponse.Reject(context, options.Value.RetryAfter, null);
        return Task.CompletedTask;
    }
}
