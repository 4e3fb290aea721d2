using ClusterSession.Histories;

namespace ClusterSession.Histories.Checking.Checks;

/// <summary>
/// A session lives at least the idle timeout after its last touch and not much longer, and never
/// past its absolute limit (L1). Where no timeout is set for the run, a session that was used may
/// never be answered as new unless it was ended.
/// </summary>
public sealed class ExpiryCheck : IHistoryCheck
{
    public string Name => "lifetime";

    public CheckResult Check(CheckContext context)
    {
        var report = new CheckReport(Name);
        foreach (var session in context.Sessions)
        {
            CheckNotTooEarly(context, session, report);
            CheckNotTooLate(context, session, report);
            if (session.MayBeForgottenNs != long.MaxValue)
            {
                report.Add("sessions that the store had lost and no node held", 1);
            }
        }
        return report.ToResult();
    }

    private static void CheckNotTooEarly(CheckContext context, SessionHistory session, CheckReport report)
    {
        var idleNs = Nanoseconds(context.Options.IdleTimeout, -context.Options.ExpirySlack);
        var absoluteNs = Nanoseconds(context.Options.AbsoluteTimeout, -context.Options.ExpirySlack);
        HistoryEvent? firstWrite = null;
        HistoryEvent? lastTouch = null;
        foreach (
            var (request, nowBefore) in ClientSweep.Over(
                session.Events.Where(e => e.ClientKind != ClientKind.Thief && !e.Has(EventFlags.ServedEmpty))
            )
        )
        {
            foreach (var earlier in nowBefore)
            {
                if (earlier.Ops.Any(o => o.Kind is OpKind.Set or OpKind.Append or OpKind.Counter))
                {
                    firstWrite ??= earlier;
                }
                if (firstWrite is not null)
                {
                    lastTouch = earlier;
                }
            }
            if (
                firstWrite is null
                || lastTouch is null
                || request.Result != RequestResult.Ok
                || session.Destructions.Any(d => d.InvokeNs < request.CompleteNs)
                || session.CookieMayBeDead(request)
                || request.CompleteNs > session.MayBeOverNs
                || request.CompleteNs - lastTouch.CompleteNs > idleNs
                || request.CompleteNs - firstWrite.InvokeNs > absoluteNs
            )
            {
                continue;
            }
            report.Opportunity();
            if (request.Has(EventFlags.NewSession))
            {
                report.Violation(
                    "LOST-SESSION",
                    context.ClassOfLoss(session, lastTouch, request),
                    "a living session was answered as new",
                    firstWrite,
                    lastTouch,
                    request
                );
            }
        }
    }

    private static void CheckNotTooLate(CheckContext context, SessionHistory session, CheckReport report)
    {
        if (context.Options.IdleTimeout is null && context.Options.AbsoluteTimeout is null)
        {
            return;
        }
        var idleNs = Nanoseconds(context.Options.IdleTimeout, context.Options.ExpirySlack);
        var absoluteNs = Nanoseconds(context.Options.AbsoluteTimeout, context.Options.ExpirySlack);
        var first = session.Events[0];
        // of any request that began earlier: even one without answer may have touched the session
        var lastEnd = long.MinValue;
        foreach (var request in session.Events)
        {
            if (lastEnd != long.MinValue && request.Result == RequestResult.Ok && ReadsEarlierValue(context, request))
            {
                report.Opportunity();
                if (lastEnd != long.MaxValue && request.InvokeNs - lastEnd > idleNs)
                {
                    report.Violation(
                        "OUTLIVED-IDLE",
                        OutcomeClass.Never,
                        $"still alive after {(request.InvokeNs - lastEnd) / 1e9:0.###} s without a touch",
                        request
                    );
                }
                if (request.InvokeNs - first.CompleteNs > absoluteNs)
                {
                    report.Violation(
                        "OUTLIVED-ABSOLUTE",
                        OutcomeClass.Never,
                        $"still alive {(request.InvokeNs - first.CompleteNs) / 1e9:0.###} s after it began",
                        first,
                        request
                    );
                }
            }
            if (request.Result != RequestResult.Fail)
            {
                lastEnd = Math.Max(lastEnd, request.CompleteNs);
            }
        }
    }

    private static bool ReadsEarlierValue(CheckContext context, HistoryEvent request) =>
        CheckContext
            .ReadsOf(request)
            .Any(r => r.Value is not null && context.TryGetWriter(r.Value, out var w) && w.Event != request);

    private static long Nanoseconds(TimeSpan? timeout, TimeSpan slack) =>
        timeout is { } limit ? (long)(limit + slack).TotalNanoseconds : long.MaxValue;
}
