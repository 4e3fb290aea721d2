using ClusterSession.Records;

namespace ClusterSession.Http.Cookies;

/// <summary>
/// What a cookie is to name: a session and the newest commit that its client was shown.
/// </summary>
internal readonly record struct CookieTarget(SessionId Id, SessionKey Key, SessionVersion Version);
