using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Primitives;

namespace ClusterSession.Http.Cookies;

/// <summary>
/// Puts the session's cookie into a response. Its attributes are the same in each, but for Secure: they are made once, by the framework, and not for each cookie.
/// </summary>
/// <remarks>
/// Where the attributes are not always the same (Expires, a builder of the application's own), or somebody else watches over cookies (the cookie policy
/// middleware replaces the feature), the framework does all of it: 1 us and 700 bytes more. Thread-safe.
/// </remarks>
internal sealed class SetCookieHeader(CookieBuilder cookie)
{
    private readonly string _before = cookie.Name + "=";
    private readonly bool _isConstant = cookie.GetType() == typeof(CookieBuilder) && cookie.Expiration is null;
    private string? _attributes;
    private string? _attributesOverHttps;

    public void Append(HttpContext context, RequestSession session)
    {
        TakeBack(context.Response);
        if (_isConstant && context.Features.Get<IResponseCookiesFeature>() is null or ResponseCookiesFeature)
        {
            var header = session.WriteCookie(_before, AttributesFor(context));
            context.Response.Headers.SetCookie = StringValues.Concat(context.Response.Headers.SetCookie, header);
        }
        else
        {
            context.Response.Cookies.Append(cookie.Name!, session.WriteCookie(default, default), cookie.Build(context));
        }
    }

    public void Expire(HttpContext context)
    {
        TakeBack(context.Response);
        context.Response.Cookies.Delete(cookie.Name!, cookie.Build(context));
    }

    private string AttributesFor(HttpContext context)
    {
        ref var attributes = ref context.Request.IsHttps ? ref _attributesOverHttps : ref _attributes;
        return attributes ??= cookie.Build(context).CreateCookieHeader(cookie.Name!, "").ToString()[_before.Length..];
    }

    /// <summary>A commit by a later callback names more than the cookie that is written already.</summary>
    private void TakeBack(HttpResponse response)
    {
        var cookies = response.Headers.SetCookie;
        if (cookies.Count > 0)
        {
            response.Headers.SetCookie = cookies.Where(cookie => cookie?.StartsWith(_before, StringComparison.Ordinal) == false).ToArray();
        }
    }
}
