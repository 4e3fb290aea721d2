using ClusterSession.KeyRing;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Primitives;

namespace ClusterSession.Http.Cookies;

/// <summary>
/// Puts the session's cookie into a response. Its attributes are the same in each, but for Secure:
/// the framework makes them once, and not for each cookie.
/// </summary>
/// <remarks>
/// Where the attributes are not always the same (Expires, a builder of the application's own), or
/// somebody else watches over cookies (the cookie policy middleware replaces the feature), the
/// framework does all of it: 1 us and 700 bytes more. Thread-safe.
/// </remarks>
internal sealed class SetCookieHeader(
    CookieBuilder cookie,
    CookieMemory cookies,
    KeyRingSource keyRing,
    InsecureCookies insecure
)
{
    private readonly string _before = cookie.Name + "=";
    private readonly bool _isConstant = cookie.GetType() == typeof(CookieBuilder) && cookie.Expiration is null;
    private string? _attributes;
    private string? _attributesOverHttps;

    public void Append(HttpContext context, in CookieTarget target)
    {
        if (_isConstant && context.Features.Get<IResponseCookiesFeature>() is null or ResponseCookiesFeature)
        {
            var header = Write(_before, AttributesFor(context), target);
            context.Response.Headers.SetCookie = StringValues.Concat(context.Response.Headers.SetCookie, header);
        }
        else
        {
            context.Response.Cookies.Append(cookie.Name!, Write(default, default, target), cookie.Build(context));
            WarnIfNotSecure(context.Response.Headers.SetCookie);
        }
    }

    /// <summary>Tells the client to delete its cookie.</summary>
    public void Delete(HttpContext context) => context.Response.Cookies.Delete(cookie.Name!, cookie.Build(context));

    /// <summary>Takes back every cookie of this name that the response has so far.</summary>
    public void TakeBack(HttpResponse response)
    {
        var present = response.Headers.SetCookie;
        if (present.Count > 0)
        {
            response.Headers.SetCookie = present
                .Where(header => header?.StartsWith(_before, StringComparison.Ordinal) == false)
                .ToArray();
        }
    }

    /// <summary>Takes back every cookie of another name that the response has so far.</summary>
    public void TakeBackOthers(HttpResponse response)
    {
        var present = response.Headers.SetCookie;
        if (present.Count > 0)
        {
            response.Headers.SetCookie = present
                .Where(header => header?.StartsWith(_before, StringComparison.Ordinal) == true)
                .ToArray();
        }
    }

    /// <summary>
    /// The last cookie of this name that is in the response already: an own one, a gateway's
    /// backend's, or the application's.
    /// </summary>
    /// <param name="response">The response.</param>
    /// <param name="isDeletion">Whether it has an empty value, so that the client deletes its
    /// cookie.</param>
    /// <returns>What it names; <see cref="CookieResult.None"/> where there is none.</returns>
    public CookieReading Find(HttpResponse response, out bool isDeletion)
    {
        isDeletion = false;
        var found = CookieReading.None;
        foreach (var header in response.Headers.SetCookie)
        {
            if (header?.StartsWith(_before, StringComparison.Ordinal) == true)
            {
                var value = header.AsSpan(_before.Length);
                var end = value.IndexOf(';');
                value = (end < 0 ? value : value[..end]).Trim(' ').Trim('"');
                isDeletion = value.IsEmpty;
                found = keyRing.Current is { } ring ? cookies.Read(value, ring) : CookieReading.UnknownKey;
            }
        }

        return found;
    }

    private string Write(ReadOnlySpan<char> before, ReadOnlySpan<char> after, in CookieTarget target)
    {
        var signing = keyRing.SigningRing; // Both at once: the ring may be replaced meanwhile.
        return cookies.Write(before, after, target.Id, target.Key, target.Version, signing.Key, signing.Ring);
    }

    private string AttributesFor(HttpContext context)
    {
        ref var attributes = ref context.Request.IsHttps ? ref _attributesOverHttps : ref _attributes;
        return attributes ??= Attributes(context);
    }

    private string Attributes(HttpContext context)
    {
        var header = cookie.Build(context).CreateCookieHeader(cookie.Name!, "").ToString();
        WarnIfNotSecure(header);
        return header[_before.Length..];
    }

    /// <summary>Looks at what leaves, which a cookie policy may have changed.</summary>
    private void WarnIfNotSecure(StringValues headers)
    {
        if (
            headers.LastOrDefault(header => header?.StartsWith(_before, StringComparison.Ordinal) == true) is { } header
            && !header.Contains("; secure", StringComparison.OrdinalIgnoreCase)
        )
        {
            insecure.Warn();
        }
    }
}
