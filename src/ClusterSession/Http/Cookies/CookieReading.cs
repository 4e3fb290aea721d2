using ClusterSession.Records;

namespace ClusterSession.Http.Cookies;

/// <summary>What a cookie value says.</summary>
internal readonly record struct CookieReading(
    CookieResult Result,
    SessionId Id,
    SessionKey Key,
    SessionVersion Seen,
    int KeyId
)
{
    public static CookieReading None => default;

    public static CookieReading Refused => new(CookieResult.Refused, default, default, default, 0);

    public static CookieReading UnknownKey => new(CookieResult.UnknownKey, default, default, default, 0);
}
