using System.Collections.Concurrent;
using System.Security.Claims;
using Microsoft.AspNetCore.Authentication;

namespace ClusterSession.Tests.Tickets;

/// <summary>
/// Adds a claim to the principal that it is given, and notes how many of them that has by now.
/// </summary>
public sealed class AddingTransformation : IClaimsTransformation
{
    public static ConcurrentQueue<int> Seen { get; } = new();

    public Task<ClaimsPrincipal> TransformAsync(ClaimsPrincipal principal)
    {
        ((ClaimsIdentity)principal.Identity!).AddClaim(new Claim("added", "1"));
        Seen.Enqueue(principal.FindAll("added").Count());
        return Task.FromResult(principal);
    }
}
