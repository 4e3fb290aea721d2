using ClusterSession.Histories;

namespace ClusterSession.Histories.Checking.Checks;

/// <summary>
/// No request is served from a copy older than what its client has seen, unless the answer says so
/// (N5), and it says so only where two layers had failed, or where the store had vanished while
/// another node was committing to the session. Uses the token that was sent and, for clients that
/// do one thing at a time, the newest version of their earlier answers.
/// </summary>
public sealed class TokenCheck : IHistoryCheck
{
    public string Name => "token";

    public CheckResult Check(CheckContext context)
    {
        var report = new CheckReport(Name);
        foreach (var session in context.Sessions)
        {
            foreach (var requests in session.ByClient.Values)
            {
                CheckClient(report, requests);
            }
            foreach (var request in session.Events.Where(e => e.Has(EventFlags.Regressed)))
            {
                report.Add("reported regressions", 1);
                var isExcused =
                    context.MayRegress(session.Events[0], request) || context.MayLackAnothersCommit(session, request);
                var outcome =
                    isExcused ? OutcomeClass.Budget
                    : context.MayBeForgotten(session, request) ? OutcomeClass.Forgotten
                    : OutcomeClass.Never;
                report.Violation(
                    "REGRESSED",
                    outcome,
                    "the session reported a loss" + (outcome == OutcomeClass.Never ? " that nothing excuses" : ""),
                    request
                );
            }
        }
        return report.ToResult();
    }

    private static void CheckClient(CheckReport report, IReadOnlyList<HistoryEvent> requests)
    {
        SeenVersion? floor = null;
        HistoryEvent? source = null;
        foreach (var (request, nowBefore) in ClientSweep.Over(requests.Where(e => !e.Has(EventFlags.ServedEmpty))))
        {
            foreach (var earlier in nowBefore)
            {
                if (earlier.Has(EventFlags.Regressed))
                {
                    (floor, source) = (null, null); // the client was told to begin anew
                }
                if (NewestIn(earlier) is { } seen && (floor is null || seen > floor))
                {
                    (floor, source) = (seen, earlier);
                }
            }
            if (
                request.ClientKind == ClientKind.Thief
                || request.Result != RequestResult.Ok
                || request.Served is not { } served
            )
            {
                continue;
            }
            // What a client with parallel requests has seen is not what its jar holds (see
            // TokenOrder): for it the token counts alone. For all others the newest version seen
            // counts too: a server that forgets to tell it in the cookie is not excused by the
            // cookie.
            var minimum = request.TokenSent;
            if (
                request.ClientKind != ClientKind.Parallel
                && floor is { } seenBefore
                && (minimum is null || seenBefore > minimum)
            )
            {
                minimum = seenBefore;
            }
            if (minimum is not { } least)
            {
                continue;
            }
            report.Opportunity();
            if (served < least && !request.Has(EventFlags.Regressed))
            {
                report.Violation(
                    "SILENT-REGRESSION",
                    OutcomeClass.Never,
                    $"served version {served} to a client that had seen {least}",
                    source ?? request,
                    request
                );
            }
        }
    }

    private static SeenVersion? NewestIn(HistoryEvent request)
    {
        SeenVersion? newest = null;
        foreach (var seen in (SeenVersion?[])[request.Served, request.Committed, request.TokenReceived])
        {
            if (seen is { } version && (newest is null || version > newest))
            {
                newest = version;
            }
        }
        return newest;
    }
}
