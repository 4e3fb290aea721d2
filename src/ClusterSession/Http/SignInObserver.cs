using System.Security.Claims;
using ClusterSession.Http.SignIn;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;

namespace ClusterSession.Http;

/// <summary>
/// Stands around the application's authentication service, and lets the session of the request know
/// of a sign-in. Comparing names alone would not be enough. With a plain cookie login the request
/// that signs in has no user yet, and what it writes would be committed under an id that an
/// attacker may know. And somebody who logs in again as the same user wants a new id too.
/// </summary>
internal sealed class SignInObserver(IAuthenticationService inner, LoginSchemes schemes, SignIns signIns)
    : IAuthenticationService
{
    public Task<AuthenticateResult> AuthenticateAsync(HttpContext context, string? scheme) =>
        inner.AuthenticateAsync(context, scheme);

    public Task ChallengeAsync(HttpContext context, string? scheme, AuthenticationProperties? properties) =>
        inner.ChallengeAsync(context, scheme, properties);

    public Task ForbidAsync(HttpContext context, string? scheme, AuthenticationProperties? properties) =>
        inner.ForbidAsync(context, scheme, properties);

    public Task SignOutAsync(HttpContext context, string? scheme, AuthenticationProperties? properties) =>
        inner.SignOutAsync(context, scheme, properties);

    public async Task SignInAsync(
        HttpContext context,
        string? scheme,
        ClaimsPrincipal principal,
        AuthenticationProperties? properties
    )
    {
        await inner.SignInAsync(context, scheme, principal, properties).ConfigureAwait(false);
        if (signIns.AreObserved && schemes.IsLogin(scheme ?? schemes.DefaultSignIn, context))
        {
            signIns.Observe(context, await TransformAsync(context, principal).ConfigureAwait(false));
        }
    }

    /// <summary>
    /// Later requests know the user as the application's transformation makes it. A copy: the user
    /// is the application's.
    /// </summary>
    private static Task<ClaimsPrincipal> TransformAsync(HttpContext context, ClaimsPrincipal user) =>
        context.RequestServices.GetService<IClaimsTransformation>()?.TransformAsync(user.Clone())
        ?? Task.FromResult(user);
}
