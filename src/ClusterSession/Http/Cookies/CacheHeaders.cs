using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Primitives;
using Microsoft.Net.Http.Headers;

namespace ClusterSession.Http.Cookies;

/// <summary>
/// Keeps the session's cookie out of shared caches (RFC 9111, section 3; RFC 9213 for the headers that are meant for
/// one kind of cache).
/// </summary>
internal static class CacheHeaders
{
    private const string CdnCacheControl = "CDN-Cache-Control";
    private const string SurrogateControl = "Surrogate-Control";

    /// <summary>
    /// Makes a response private unless it says so itself or forbids storing. Not no-store: browsers drop pages that
    /// say so from the back and forward cache.
    /// </summary>
    public static void MakePrivate(IHeaderDictionary headers)
    {
        var text = headers.CacheControl;
        if (StringValues.IsNullOrEmpty(text))
        {
            headers.CacheControl = "private";
        }
        else if (!CacheControlHeaderValue.TryParse(text.ToString(), out var control))
        {
            headers.CacheControl = "private";
        }
        else if (!control.NoStore && (control.Public || !IsPrivate(control)))
        {
            control.Public = false;
            control.Private = true;
            control.PrivateHeaders.Clear();
            control.SharedMaxAge = null;
            headers.CacheControl = control.ToString();
        }

        headers.Remove(CdnCacheControl);
        headers.Remove(SurrogateControl);
    }

    /// <summary>
    /// Whether no shared cache keeps the response, so that it can carry a cookie which could as well wait for another
    /// one: it is private or no-store, or says nothing that a cache could store it by.
    /// </summary>
    public static bool IsKeptByNoSharedCache(IHeaderDictionary headers)
    {
        var isStorable = headers.ContainsKey(HeaderNames.ETag) || headers.ContainsKey(HeaderNames.LastModified)
            || headers.ContainsKey(HeaderNames.Expires) || headers.ContainsKey(CdnCacheControl)
            || headers.ContainsKey(SurrogateControl);
        var text = headers.CacheControl;
        if (StringValues.IsNullOrEmpty(text))
        {
            return !isStorable;
        }

        if (!CacheControlHeaderValue.TryParse(text.ToString(), out var control))
        {
            return false;
        }

        return control.NoStore || (IsPrivate(control) && !control.Public)
            || (!isStorable && !control.Public && control.MaxAge is null && control.SharedMaxAge is null
                && control.Extensions.Count == 0);
    }

    /// <summary>With names of fields the directive keeps only those from shared caches (RFC 9111, 5.2.2.7).</summary>
    private static bool IsPrivate(CacheControlHeaderValue control) =>
        control.Private && control.PrivateHeaders.Count == 0;
}
