using ClusterSession.Lifetime;
using ClusterSession.Records;

namespace ClusterSession.Http.Cookies;

/// <summary>
/// Remembers when cookies that expire at the client were sent, on a node without local copies to
/// remember it by: else each response would carry the cookie again, and ask the store about it.
/// Thread-safe.
/// </summary>
/// <remarks>
/// A fixed number of places. Two sessions of one place displace each other, and their cookies are
/// sent more often.
/// </remarks>
internal sealed class SentCookies(CoarseClock clock)
{
    private const int Places = 8192;

    private readonly ulong[] _sent = new ulong[Places]; // which session (32 bits), when (32 bits)

    /// <summary>
    /// Whether the session's cookie was not sent within so many ticks, as far as is known here.
    /// </summary>
    public bool IsOlderThan(int ticks, SessionKey key)
    {
        var (place, session) = PlaceOf(key);
        var sent = Volatile.Read(ref _sent[place]);
        return (uint)(sent >> 32) != session || clock.Now - (int)(uint)sent >= ticks;
    }

    /// <summary>The session's cookie leaves with a response.</summary>
    public void Sent(SessionKey key)
    {
        var (place, session) = PlaceOf(key);
        Volatile.Write(ref _sent[place], ((ulong)session << 32) | (uint)clock.Now);
    }

    private static (int Place, uint Session) PlaceOf(SessionKey key)
    {
        // Mixed, because hash codes that differ in high bits only would share a place.
        var hash = (uint)key.GetHashCode() * 2654435769u;
        return ((int)(hash % Places), (uint)key.GetHashCode());
    }
}
