using System.Security.Claims;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;

namespace ClusterSession.TestKit.Nodes;

/// <summary>Lets requests be somebody's: <c>?as=alice</c>.</summary>
public static class Login
{
    /// <summary>Stands in for authentication; to be put before the sessions.</summary>
    public static void ByQuery(WebApplication app) =>
        app.Use(next =>
            context =>
            {
                if (context.Request.Query["as"].ToString() is { Length: > 0 } name)
                {
                    context.User = As(name);
                }

                return next(context);
            }
        );

    /// <summary>Somebody who is authenticated.</summary>
    public static ClaimsPrincipal As(string name) =>
        new(new ClaimsIdentity([new Claim(ClaimTypes.NameIdentifier, name)], "test"));

    /// <summary>Ends all sessions of somebody at this node.</summary>
    public static Task<EndAllResult> EndAllAsync(this TestNode node, string principal) =>
        node.Services.GetRequiredService<ISessionManager>().EndAllAsync(principal);
}
