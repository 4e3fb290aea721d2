using System.Security.Claims;
using Microsoft.AspNetCore.Authentication;

namespace ClusterSession.Tests.Http.SignIn;

/// <summary>
/// Replaces the identifier of the login by that of the application's own database.
/// </summary>
internal sealed class MappingTransformation : IClaimsTransformation
{
    private const string Type = "mapped";

    public Task<ClaimsPrincipal> TransformAsync(ClaimsPrincipal principal)
    {
        if (principal.Identity?.AuthenticationType == Type)
        {
            return Task.FromResult(principal);
        }

        var id = principal.FindFirst(ClaimTypes.NameIdentifier)!.Value;
        return Task.FromResult(
            new ClaimsPrincipal(new ClaimsIdentity([new Claim(ClaimTypes.NameIdentifier, $"local-{id}")], Type))
        );
    }
}
