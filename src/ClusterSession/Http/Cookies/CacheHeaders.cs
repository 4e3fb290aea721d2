using System.Buffers;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Primitives;
using Microsoft.Net.Http.Headers;

namespace ClusterSession.Http.Cookies;

/// <summary>
/// Keeps the session's cookie out of shared caches (RFC 9111, section 3; RFC 9213 for the headers
/// that are meant for one kind of cache).
/// </summary>
internal static class CacheHeaders
{
    /// <summary>
    /// The end of each targeted field's name (RFC 9213, 3.1): Cloudflare-CDN-Cache-Control and
    /// others.
    /// </summary>
    private const string Targeted = "CDN-Cache-Control";

    /// <summary>Targeted headers of other names: one that many caches read, and those of Akamai,
    /// nginx and LiteSpeed.</summary>
    private static readonly string[] OtherTargeted =
    [
        "Surrogate-Control",
        "Edge-Control",
        "X-Accel-Expires",
        "X-LiteSpeed-Cache-Control",
    ];

    /// <summary>
    /// Makes a response private unless it says so itself or forbids storing. Not no-store: browsers
    /// drop pages that say so from the back and forward cache.
    /// </summary>
    public static void MakePrivate(IHeaderDictionary headers)
    {
        var text = headers.CacheControl;
        if (StringValues.IsNullOrEmpty(text))
        {
            headers.CacheControl = "private";
        }
        else if (IsPlain(text))
        {
            // Nothing to change, and nothing to parse.
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

        while (FindTargeted(headers) is { } targeted)
        {
            headers.Remove(targeted);
        }
    }

    /// <summary>
    /// Whether no shared cache keeps the response, so that it can carry a cookie which could as
    /// well wait for another one: it is private or no-store, or says nothing that a cache could
    /// store it by.
    /// </summary>
    public static bool IsKeptByNoSharedCache(IHeaderDictionary headers)
    {
        var text = headers.CacheControl;
        if (IsPlain(text))
        {
            return true;
        }

        var isStorable =
            headers.ContainsKey(HeaderNames.ETag)
            || headers.ContainsKey(HeaderNames.LastModified)
            || headers.ContainsKey(HeaderNames.Expires)
            || FindTargeted(headers) is not null;
        if (StringValues.IsNullOrEmpty(text))
        {
            return !isStorable;
        }

        if (!CacheControlHeaderValue.TryParse(text.ToString(), out var control))
        {
            return false;
        }

        return control.NoStore
            || (IsPrivate(control) && !control.Public)
            || (
                !isStorable
                && !control.Public
                && control.MaxAge is null
                && control.SharedMaxAge is null
                && control.Extensions.Count == 0
            );
    }

    /// <summary>
    /// What nearly every response with a session says. Parsing it took 300 of the 3,850 bytes that
    /// a write allocated.
    /// </summary>
    private static bool IsPlain(in StringValues text) => text.Count == 1 && text[0] is ("private" or "no-store");

    /// <summary>
    /// A header that one kind of cache goes by, whatever Cache-Control says; null if there is none.
    /// Copied, since an enumerator of headers is an object, 96 bytes for each response with a
    /// cookie, twice.
    /// </summary>
    private static string? FindTargeted(IHeaderDictionary headers)
    {
        var count = headers.Count;
        var copied = ArrayPool<KeyValuePair<string, StringValues>>.Shared.Rent(count);
        headers.CopyTo(copied, 0);
        var found = Array.FindIndex(copied, 0, count, static header => IsTargeted(header.Key));
        var name = found < 0 ? null : copied[found].Key;
        copied.AsSpan(0, count).Clear();
        ArrayPool<KeyValuePair<string, StringValues>>.Shared.Return(copied);
        return name;
    }

    private static bool IsTargeted(string name) =>
        (
            name.EndsWith(Targeted, StringComparison.OrdinalIgnoreCase)
            && (name.Length == Targeted.Length || name[^(Targeted.Length + 1)] == '-')
        ) || OtherTargeted.Contains(name, StringComparer.OrdinalIgnoreCase);

    /// <summary>
    /// With names of fields the directive keeps only those fields out of shared caches (RFC 9111,
    /// 5.2.2.7).
    /// </summary>
    private static bool IsPrivate(CacheControlHeaderValue control) =>
        control.Private && control.PrivateHeaders.Count == 0;
}
