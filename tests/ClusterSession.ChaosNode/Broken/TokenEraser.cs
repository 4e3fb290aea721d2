using ClusterSession.Histories.Checking;
using ClusterSession.Http.Cookies;
using ClusterSession.KeyRing;
using ClusterSession.Records;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Options;

namespace ClusterSession.ChaosNode.Broken;

/// <summary>
/// Gives the product a valid cookie whose client has seen nothing: the same id, signed by the same
/// keys. Stands in front of it.
/// </summary>
internal sealed class TokenEraser(RequestDelegate next, KeyRingSource keyRing, IOptions<ClusterSessionOptions> options)
{
    public Task InvokeAsync(HttpContext context)
    {
        var name = options.Value.Cookie.Name!;
        if (
            context.Request.Cookies[name] is { } text
            && keyRing.Current is { } ring
            && SessionCookie.Read(text, ring) is { Result: CookieResult.Valid } read
        )
        {
            context.Request.Headers.Cookie =
                $"{name}={SessionCookie.Write(read.Id, SessionVersion.None, ring.Find(read.KeyId)!)}";
        }
        return next(context);
    }
}
