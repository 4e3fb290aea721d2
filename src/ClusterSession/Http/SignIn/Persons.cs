using System.Security.Claims;
using System.Security.Principal;
using ClusterSession.Diagnostics;
using ClusterSession.Principals;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features.Authentication;
using Microsoft.Extensions.Logging;

namespace ClusterSession.Http.SignIn;

/// <summary>
/// Which person a request's login is. Two logins are one person's if the same issuer says the same
/// identifier.
/// </summary>
/// <remarks>
/// <code>
/// claim                     issuer counts  case counts
/// NameIdentifier, else sub  yes            yes
/// PrimarySid (Windows)      no             no
/// name of a Windows login   no             no
/// the identity's name       no             yes        warned of once: names of people are not
///                                                     unique
/// </code>
/// Without the issuer, user 583231 of GitHub would be user 583231 of a customer's own provider.
/// Thread-safe.
/// </remarks>
internal sealed class Persons(LoginSchemes schemes, ILogger<Persons> logger)
{
    private const int Places = 1 << 12;
    private readonly Entry?[] _entries = new Entry?[Places];
    private int _isWarned;

    /// <summary>
    /// The person whose login the request has brought, as far as it has been authenticated; else
    /// null.
    /// </summary>
    public PrincipalKey? Of(HttpContext context)
    {
        if (context.Features.Get<IAuthenticateResultFeature>()?.AuthenticateResult?.Ticket is { } ticket)
        {
            if (schemes.IsLogin(ticket.AuthenticationScheme, context))
            {
                return Of(ticket.Principal);
            }

            if (ticket.AuthenticationScheme.Contains(';', StringComparison.Ordinal))
            {
                return OfMerged(context, ticket.AuthenticationScheme);
            }
        }

        var user = context.Features.Get<IHttpAuthenticationFeature>()?.User;
        return user is not null && IsWindows(user.Identity) ? Of(user) : null;
    }

    /// <summary>
    /// As <see cref="Of(HttpContext)"/>, and where nobody is known yet the login is authenticated.
    /// </summary>
    public async ValueTask<PrincipalKey?> FindAsync(HttpContext context)
    {
        if (Of(context) is { } person)
        {
            return person;
        }

        if (context.Features.Get<IAuthenticateResultFeature>()?.AuthenticateResult is not { Succeeded: true })
        {
            foreach (var scheme in schemes.Of(context).ToArray())
            {
                var result = await context.AuthenticateAsync(scheme).ConfigureAwait(false);
                if (result.Principal is { } user)
                {
                    return Of(user);
                }
            }
        }

        return null;
    }

    /// <summary>The person that a login says; null where it says nothing.</summary>
    public PrincipalKey? Of(ClaimsPrincipal user)
    {
        if (user.Identity is not { IsAuthenticated: true } identity)
        {
            return null;
        }

        if ((user.FindFirst(ClaimTypes.NameIdentifier) ?? user.FindFirst("sub")) is { Value.Length: > 0 } claim)
        {
            return KeyOf(claim.Issuer, claim.Value);
        }

        if (user.FindFirst(ClaimTypes.PrimarySid) is { Value.Length: > 0 } sid)
        {
            return KeyOf("sid", sid.Value.ToUpperInvariant());
        }

        if (identity.Name is not { Length: > 0 } name)
        {
            return null;
        }

        if (IsWindows(identity))
        {
            return KeyOf("windows", name.ToUpperInvariant());
        }

        if (Interlocked.Exchange(ref _isWarned, 1) == 0)
        {
            logger.PersonHasNameOnly();
        }

        return KeyOf("name", name);
    }

    private static bool IsWindows(IIdentity? identity) =>
        identity is { IsAuthenticated: true, AuthenticationType: "NTLM" or "Kerberos" or "Negotiate" or "Windows" };

    /// <summary>
    /// An endpoint that names several schemes has one user made of all. The login among them was
    /// authenticated a moment ago, and its handler remembers it: the task is done.
    /// </summary>
    private PrincipalKey? OfMerged(HttpContext context, string merged)
    {
        foreach (var scheme in merged.Split(';'))
        {
            if (
                schemes.IsLogin(scheme, context)
                && context.AuthenticateAsync(scheme) is { IsCompletedSuccessfully: true } authenticated
                && authenticated.GetAwaiter().GetResult().Principal is { } user
            )
            {
                return Of(user);
            }
        }

        return null;
    }

    /// <summary>A direct-mapped table without locks: comparing costs 20 ns, hashing 400.</summary>
    private PrincipalKey KeyOf(string issuer, string value)
    {
        ref var place = ref _entries[value.GetHashCode(StringComparison.Ordinal) & (Places - 1)];
        var entry = Volatile.Read(ref place);
        if (entry is null || entry.Value != value || entry.Issuer != issuer)
        {
            // The length keeps two pairs apart that would be one text.
            var key = PrincipalKey.Of($"{issuer.Length}:{issuer}{value}");
            Volatile.Write(ref place, entry = new Entry(issuer, value, key));
        }

        return entry.Key;
    }

    private sealed record Entry(string Issuer, string Value, PrincipalKey Key);
}
