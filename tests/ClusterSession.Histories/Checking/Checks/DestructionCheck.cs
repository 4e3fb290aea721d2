using ClusterSession.Histories;

namespace ClusterSession.Histories.Checking.Checks;

/// <summary>
/// What has ended stays ended (N6). After an acknowledged end of a session no request that shows a
/// cookie of it reads anything of it or writes anything into it; after an acknowledged renewal the
/// same holds for cookies of earlier generations. An end with unknown result may or may not have
/// happened, but once somebody saw the session gone, it stays gone. The thief, who replays old
/// cookies for ever, makes this a dense test.
/// </summary>
public sealed class DestructionCheck : IHistoryCheck
{
    public string Name => "destruction";

    public CheckResult Check(CheckContext context)
    {
        var report = new CheckReport(Name);
        foreach (var session in context.Sessions)
        {
            CheckDestroyed(context, session, report);
            CheckRenewed(context, session, report);
        }
        return report.ToResult();
    }

    private static void CheckDestroyed(CheckContext context, SessionHistory session, CheckReport report)
    {
        var end = session.Destructions.Where(d => d.Result == RequestResult.Ok).MinBy(d => d.CompleteNs)
            ?? SeenGone(session);
        if (end is null)
        {
            return;
        }
        foreach (var request in session.Events.Where(e => end.CompleteNs < e.InvokeNs && e.Result == RequestResult.Ok))
        {
            report.Opportunity();
            if (ForeignValueIn(context, request) is { } source)
            {
                var wroteAfterEnd = end.CompleteNs < source.InvokeNs;
                report.Violation(
                    wroteAfterEnd ? "WROTE-AFTER-END" : "RESURRECTED",
                    ClassOf(context, end, request),
                    wroteAfterEnd
                        ? "a write with the cookie of an ended session was kept"
                        : "an ended session was read",
                    source,
                    end,
                    request
                );
            }
        }
    }

    // The first answer that shows the session gone after an end of unknown result.
    private static HistoryEvent? SeenGone(SessionHistory session)
    {
        if (session.Destructions.Count == 0)
        {
            return null;
        }
        var begin = session.Destructions.Min(d => d.InvokeNs);
        // An empty list shows the end only to a client that has appended an entry itself, one
        // request after the other, and that nothing else can have taken away: what another client
        // appended it need not have seen yet (seed 994 of the model).
        var appends = session
            .Events.Where(e =>
                e.Result == RequestResult.Ok
                && session.IsOwn(e)
                && e.CompleteNs < begin
                && e.ClientKind != ClientKind.Parallel
                && e.Ops.Any(o => o.Kind == OpKind.Append && session.RemovalsOf(o.Key!).Count == 0)
            )
            .ToLookup(e => e.Client);
        return session
            .Events.Where(e =>
                e.Result == RequestResult.Ok
                && e.InvokeNs > begin
                // Lost is not ended: a store that lacks it may get it back.
                && !e.Has(EventFlags.ServedEmpty | EventFlags.Regressed)
                && e.Generation == LastGenerationAt(session, e)
            )
            .Where(e =>
                e.Has(EventFlags.NewSession)
                || (appends.Contains(e.Client) && e.Ops.Any(o => o.Kind == OpKind.List && o.Values is { Count: 0 }))
            )
            .MinBy(e => e.CompleteNs);
    }

    private static void CheckRenewed(CheckContext context, SessionHistory session, CheckReport report)
    {
        var graceNs = (long)context.Options.RotationGrace.TotalNanoseconds;
        var renewals = session
            .Events.Where(e => e.Result == RequestResult.Ok && e.Ops.Any(o => o.Kind == OpKind.Renew))
            .ToList();
        foreach (var request in session.Events.Where(e => e.Result == RequestResult.Ok))
        {
            var renewal = renewals.Find(r =>
                r.Generation >= request.Generation && r.CompleteNs + graceNs < request.InvokeNs
            );
            if (renewal is null)
            {
                continue;
            }
            report.Opportunity();
            if (ForeignValueIn(context, request) is { } source)
            {
                report.Violation(
                    "OLD-ID-READS",
                    ClassOf(context, renewal, request),
                    "a cookie from before a renewal still reads the session",
                    source,
                    renewal,
                    request
                );
            }
        }
        CheckThievesWrites(context, session, report, renewals, graceNs);
    }

    // A write with a dead cookie goes to nobody or to a session of its own; the real session must
    // never show it.
    private static void CheckThievesWrites(
        CheckContext context,
        SessionHistory session,
        CheckReport report,
        List<HistoryEvent> renewals,
        long graceNs
    )
    {
        foreach (var request in session.Events.Where(e => e.ClientKind != ClientKind.Thief))
        {
            foreach (var (_, value) in CheckContext.ReadsOf(request))
            {
                if (
                    value is not null
                    && context.TryGetWriter(value, out var writer)
                    && writer.Event.ClientKind == ClientKind.Thief
                    && renewals.Find(r =>
                        r.Generation >= writer.Event.Generation && r.CompleteNs + graceNs < writer.Event.InvokeNs
                    )
                        is { } renewal
                )
                {
                    report.Violation(
                        "OLD-ID-WRITES",
                        OutcomeClass.Never,
                        "a cookie from before a renewal still writes into the session",
                        renewal,
                        writer.Event,
                        request
                    );
                }
            }
        }
    }

    private static OutcomeClass ClassOf(CheckContext context, HistoryEvent end, HistoryEvent request) =>
        context.Options.EndedSessionsMayBeServedDuringFaults
        && context.IsNearFault(request.InvokeNs, request.CompleteNs, static f =>
            f.Layer != FaultLayer.Node && f.Effect == FaultEffect.Outage
        )
            ? OutcomeClass.Budget
        : context.Losses.ExcuseRevival(end, request) ? OutcomeClass.Forgotten
        : OutcomeClass.Never;

    private static int LastGenerationAt(SessionHistory session, HistoryEvent request) =>
        session
            .Events.Where(e => e.InvokeNs <= request.CompleteNs && e.ClientKind != ClientKind.Thief)
            .Max(e => e.Generation);

    /// <summary>
    /// The writer of a value of this session that the request read and did not write itself.
    /// </summary>
    private static HistoryEvent? ForeignValueIn(CheckContext context, HistoryEvent request)
    {
        foreach (var (_, value) in CheckContext.ReadsOf(request))
        {
            if (
                value is not null
                && context.TryGetWriter(value, out var writer)
                && writer.Event != request
                && writer.Event.Session == request.Session
            )
            {
                return writer.Event;
            }
        }
        return null;
    }
}
