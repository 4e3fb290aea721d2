using System.Security.Claims;

namespace ClusterSession.Http.SignIn;

/// <summary>A sign-in that a middleware made before the request came to its session.</summary>
internal sealed record EarlierSignIn(ClaimsPrincipal User);
