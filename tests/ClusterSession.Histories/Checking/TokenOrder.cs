using ClusterSession.Histories;

namespace ClusterSession.Histories.Checking;

/// <summary>
/// Whether the cookie that a request sent can have known of an earlier request of its client. A jar
/// holds one cookie; with parallel requests a response that left its node earlier may arrive later
/// and put an older token over a newer one:
///
///   request 1   |------ commit v10 ------|            jar: v10
///   request 2   |-- commit v9 ----------------|       jar: v9     (arrived last)
///   request 3                                   |--   sends v9: it may be served from a copy without v10
///
/// While the store is out of reach it can even be the newer version that hides the older one: two
/// nodes that were asked at once each acknowledge a commit that only they have, and the jar keeps
/// the cookie of one. Neither commit contains the other, whatever their order says. So near a fault
/// the overlap counts, not the version.
/// </summary>
internal static class TokenOrder
{
    public static bool MayBeOvertaken(
        CheckContext context,
        SessionHistory session,
        HistoryEvent earlier,
        HistoryEvent reader
    )
    {
        if (earlier.Client == reader.Client && earlier.ClientKind != ClientKind.Parallel)
        {
            return false;
        }
        var wanted = earlier.TokenReceived ?? earlier.Committed ?? earlier.Served;
        if (reader.TokenSent is { } sent && wanted is { } known)
        {
            if (sent < known)
            {
                return true;
            }
            if (!context.IsNearFault(earlier.InvokeNs, reader.CompleteNs, static _ => true))
            {
                return false;
            }
        }
        return session
            .ByClient[reader.Client]
            .Any(other =>
                other != earlier
                && other.InvokeNs <= earlier.CompleteNs
                && other.CompleteNs >= earlier.CompleteNs
                && other.CompleteNs <= reader.InvokeNs
            );
    }
}
