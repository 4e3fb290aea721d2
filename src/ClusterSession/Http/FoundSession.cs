using ClusterSession.Http.Cookies;
using ClusterSession.Opening;

namespace ClusterSession.Http;

/// <summary>The session that a request's cookies lead to.</summary>
/// <param name="Cookie">The cookie that names it, or would.</param>
/// <param name="Opened">What was found of it.</param>
/// <param name="IsSuccessor">Whether the request's cookie names the id that it had before.</param>
internal readonly record struct FoundSession(CookieReading Cookie, OpenedSession Opened, bool IsSuccessor = false);
