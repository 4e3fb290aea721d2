using System.Security.Claims;
using ClusterSession.Http;
using ClusterSession.Stores;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Options;
using Microsoft.Extensions.Primitives;

namespace ClusterSession.Tickets;

/// <summary>
/// Tells the ticket store that a ticket comes from a sign-in: the framework does not. If the store
/// is not responding, the request gets the same 503 as one whose session cannot be read. It gets
/// neither an exception nor the login page, where the provider would send the browser back at once.
/// </summary>
internal sealed class TicketAuthenticationService(
    IAuthenticationService inner,
    IOptions<ClusterSessionOptions> options,
    TicketOutageLog log
) : IAuthenticationService
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
        HttpContext context,
        string? scheme,
        ClaimsPrincipal principal,
        AuthenticationProperties? properties
    )
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

    /// <summary>
    /// A sign-out that the store does not know of yet is not answered as done: the cookie goes, and
    /// the request ends with 503.
    /// </summary>
    public async Task SignOutAsync(HttpContext context, string? scheme, AuthenticationProperties? properties)
    {
        var request = TicketRequest.Of(context);
        request.IsEndPending = false;
        var before = context.Response.Headers.SetCookie;
        await inner.SignOutAsync(context, scheme, properties).ConfigureAwait(false);
        if (request.IsEndPending && !context.Response.HasStarted)
        {
            Keep(context, [.. context.Response.Headers.SetCookie.Except(before)]);
            throw new SessionUnavailableException(
                "The sign-out has not reached the store, which is not responding. It holds on this node, which sends "
                    + "it until the store takes it; until then other nodes may accept the login.",
                StoreFailure.Unknown
            );
        }
    }

    /// <summary>The 503 clears the response, and the cookie must go all the same.</summary>
    private static void Keep(HttpContext context, string?[] cookies) =>
        context.Response.OnStarting(() =>
        {
            var missing = cookies.Except(context.Response.Headers.SetCookie).ToArray();
            context.Response.Headers.SetCookie = StringValues.Concat(context.Response.Headers.SetCookie, missing);
            return Task.CompletedTask;
        });

    private Task RejectAsync(HttpContext context)
    {
        SessionResponse.Reject(context, options.Value.RetryAfter, null);
        return Task.CompletedTask;
    }
}
