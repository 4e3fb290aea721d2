using ClusterSession.Records;

namespace ClusterSession.Http.Cookies;

/// <summary>What a cookie value says.</summary>
internal readonly record struct CookieReading(
    CookieVerdict Verdict,
    SessionId Id,
    SessionKey Key,
    SessionVersion Seen,
    int KeyId
)
{
    public static CookieReading None => default;

    public static CookieReading Refused => new(CookieVerdict.Refused, default, default, default, 0);

    public static CookieReading UnknownKey => new(CookieVerdict.UnknownKey, default, default, default, 0);
}
