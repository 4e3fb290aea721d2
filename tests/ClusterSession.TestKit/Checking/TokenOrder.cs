using ClusterSession.TestKit.Histories;

namespace ClusterSession.TestKit.Checking;

/// <summary>
/// Whether the cookie that a request sent can have known of an earlier request of its client. A jar holds one cookie; with parallel requests a response that left
/// its node earlier may arrive later and put an older token over a newer one:
///
///   request 1   |------ commit v10 ------|            jar: v10
///   request 2   |-- commit v9 ----------------|       jar: v9     (arrived last)
///   request 3                                   |--   sends v9: it may be served from a copy without v10
/// </summary>
internal static class TokenOrder
{
    public static bool MayBeOvertaken(SessionHistory session, HistoryEvent earlier, HistoryEvent reader)
    {
        if (earlier.Client == reader.Client && earlier.ClientKind != ClientKind.Parallel)
        {
            return false;
        }
        var wanted = earlier.TokenReceived ?? earlier.Committed ?? earlier.Served;
        if (reader.TokenSent is { } sent && wanted is { } known)
        {
            return sent < known;
        }
        return session.ByClient[reader.Client].Any(other =>
            other != earlier
            && other.InvokeNs <= earlier.CompleteNs
            && other.CompleteNs >= earlier.CompleteNs
            && other.CompleteNs <= reader.InvokeNs);
    }
}
