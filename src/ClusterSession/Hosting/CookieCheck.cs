using System.Buffers;
using System.Net;
using Microsoft.AspNetCore.Http;

namespace ClusterSession.Hosting;

/// <summary>
/// Finds cookie settings under which browsers keep no session: refused where it is certain, else a
/// warning.
/// </summary>
internal static class CookieCheck
{
    private const string Setting = "ClusterSession:Cookie:";

    private static readonly SearchValues<char> NameCharacters = SearchValues.Create(
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789!#$%&'*+-.^_`|~"
    );

    private static readonly SearchValues<char> DomainCharacters = SearchValues.Create(
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    );

    /// <summary>What no browser accepts, or never sends back.</summary>
    public static void AddErrors(CookieBuilder? cookie, List<string> errors)
    {
        if (cookie is null)
        {
            errors.Add("ClusterSession:Cookie is null. Change its properties, or give it another builder.");
            return;
        }

        CheckName(cookie, errors);
        if (cookie.Domain is { } domain && !IsDomain(domain))
        {
            errors.Add(
                $"{Setting}Domain is '{domain}', which is not a host name. Write one without scheme, port, path and "
                    + "blanks, such as example.org (other alphabets as xn--...), or leave it out for the host of the "
                    + "request alone."
            );
        }

        if (cookie.Path is { } path && !IsPath(path))
        {
            errors.Add(
                $"{Setting}Path is '{path}'. Begin it with '/', and write blanks, ';', '?', '#' and letters "
                    + "outside of ASCII percent-encoded, "
                    + "or leave it out for the whole site."
            );
        }

        CheckPositive("MaxAge", cookie.MaxAge, errors);
        CheckPositive("Expiration", cookie.Expiration, errors);
        CheckDefined("SameSite", cookie.SameSite, errors);
        CheckDefined("SecurePolicy", cookie.SecurePolicy, errors);
        if (cookie is { SameSite: SameSiteMode.None, SecurePolicy: CookieSecurePolicy.None })
        {
            errors.Add(
                $"{Setting}SameSite is None and {Setting}SecurePolicy is None: browsers refuse such a "
                    + "cookie. Set SecurePolicy to Always, or SameSite to Lax."
            );
        }
    }

    /// <summary>What may be meant, and mostly is not.</summary>
    public static IEnumerable<string> Warnings(ClusterSessionOptions options)
    {
        var cookie = options.Cookie;
        if (cookie is { SameSite: SameSiteMode.None, SecurePolicy: CookieSecurePolicy.SameAsRequest })
        {
            yield return $"{Setting}SameSite is None while {Setting}SecurePolicy is SameAsRequest: over plain HTTP, "
                + "also behind a proxy that ends TLS without "
                + "forwarding the scheme, browsers refuse the cookie. Set SecurePolicy to Always.";
        }

        if (
            cookie.Domain is { } domain
            && (!domain.TrimStart('.').Contains('.', StringComparison.Ordinal) || IPAddress.TryParse(domain, out _))
        )
        {
            yield return $"{Setting}Domain is '{domain}': most browsers refuse a domain of one word, and an address "
                + "serves itself alone. Leave it out for the host of the request.";
        }

        if (cookie.Path is { Length: > 1 } path && path.EndsWith('/'))
        {
            yield return $"{Setting}Path is '{path}': browsers do not send the cookie with a request for "
                + $"'{path.TrimEnd('/')}'. Write it without the last '/'.";
        }

        var shortest = cookie.MaxAge is { } maxAge && !(cookie.Expiration < maxAge) ? maxAge : cookie.Expiration;
        if (shortest <= options.EffectiveTouchInterval)
        {
            yield return $"The cookie lives for {shortest} ({Setting}MaxAge, Expiration) and is renewed once in "
                + $"{options.EffectiveTouchInterval} (ClusterSession:TouchInterval): "
                + "an active user may lose it in between. Let it live at least as long as ClusterSession:IdleTimeout.";
        }
    }

    private static void CheckName(CookieBuilder cookie, List<string> errors)
    {
        if (cookie.Name is not { Length: >= 1 and <= 128 } name || name.AsSpan().ContainsAnyExcept(NameCharacters))
        {
            errors.Add($"{Setting}Name is '{cookie.Name}'. Use 1 to 128 letters, digits, '.', '_' or '-'.");
            return;
        }

        if (
            name.StartsWith("__Host-", StringComparison.OrdinalIgnoreCase)
            && cookie is not { Domain: null, Path: "/", SecurePolicy: CookieSecurePolicy.Always }
        )
        {
            errors.Add(
                $"{Setting}Name begins with __Host-, which browsers accept only with SecurePolicy=Always, "
                    + "Path=/ and no Domain. Set these, or choose another name."
            );
        }
        else if (
            name.StartsWith("__Secure-", StringComparison.OrdinalIgnoreCase)
            && cookie.SecurePolicy != CookieSecurePolicy.Always
        )
        {
            errors.Add(
                $"{Setting}Name begins with __Secure-, which browsers accept only with SecurePolicy=Always. "
                    + "Set it, or choose another name."
            );
        }
    }

    private static bool IsDomain(string domain)
    {
        var name = domain.StartsWith('.') ? domain[1..] : domain;
        return name.Length is >= 1 and <= 253
            && name.Split('.')
                .All(static label =>
                    label.Length is >= 1 and <= 63 && !label.AsSpan().ContainsAnyExcept(DomainCharacters)
                );
    }

    private static bool IsPath(string path) =>
        path is ['/', ..] && path.AsSpan().IndexOfAnyExceptInRange('!', '~') < 0 && !path.AsSpan().ContainsAny(";?#");

    private static void CheckPositive(string setting, TimeSpan? life, List<string> errors)
    {
        if (life is { } value && (value < TimeSpan.FromSeconds(1) || value > TimeSpan.FromDays(3650)))
        {
            errors.Add(
                $"{Setting}{setting} is {value}. Use a duration from 00:00:01 to 3650.00:00:00, or leave it "
                    + "out for a cookie that ends with the browser."
            );
        }
    }

    private static void CheckDefined<T>(string setting, T value, List<string> errors)
        where T : struct, Enum
    {
        if (!Enum.IsDefined(value))
        {
            errors.Add($"{Setting}{setting} is {value}. Use one of {string.Join(", ", Enum.GetNames<T>())}.");
        }
    }
}
