using ClusterSession.Histories;

namespace ClusterSession.Histories.Checking.Checks;

/// <summary>
/// How soon after each heal every node, and every session, is served again; which share of requests
/// far from any fault succeeds; how long the longest one took. Demanded only where the options set
/// a limit, because these are measurements of a machine as much as of the product.
/// </summary>
public sealed class LivenessCheck : IHistoryCheck
{
    public string Name => "liveness";

    public CheckResult Check(CheckContext context)
    {
        var report = new CheckReport(Name);
        var events = context.History.Events.OrderBy(e => e.InvokeNs).ToList();
        MeasureRecovery(context, report, events);
        MeasureQuietTime(context, report, events);
        MeasureDuration(context, report, events);
        return report.ToResult();
    }

    private static void MeasureRecovery(CheckContext context, CheckReport report, List<HistoryEvent> events)
    {
        var times = new List<double>();
        foreach (var fault in context.History.Faults.Where(f => f.EndNs != long.MaxValue))
        {
            var until = context
                .History.Faults.Where(f => f.StartNs > fault.EndNs)
                .Select(f => f.StartNs)
                .DefaultIfEmpty(long.MaxValue)
                .Min();
            var after = events.Where(e => e.InvokeNs > fault.EndNs && e.InvokeNs < until).ToList();
            foreach (var node in after.GroupBy(e => e.Node))
            {
                report.Opportunity();
                var first = node.Where(e => e.Result == RequestResult.Ok).MinBy(e => e.CompleteNs);
                var recovery = first is null
                    ? (TimeSpan?)null
                    : TimeSpan.FromMicroseconds((first.CompleteNs - fault.EndNs) / 1e3);
                if (recovery is { } time)
                {
                    times.Add(time.TotalMilliseconds);
                }
                if (context.Options.HealDeadline is { } deadline && (recovery is null || recovery > deadline))
                {
                    report.Violation(
                        "SLOW-RECOVERY",
                        OutcomeClass.Never,
                        $"{node.Key} served nothing within {deadline.TotalSeconds:0.###} s after {fault.Kind} {fault.Target} was healed",
                        first ?? node.First()
                    );
                }
            }
            foreach (var session in after.GroupBy(e => e.Session))
            {
                if (session.Where(e => e.Result == RequestResult.Ok).MinBy(e => e.CompleteNs) is { } first)
                {
                    report.Max(
                        "slowest session after a heal (includes its client's pauses)",
                        (first.CompleteNs - fault.EndNs) / 1e6,
                        "ms"
                    );
                }
                else
                {
                    report.Add("sessions without any answer between a heal and the next fault", 1);
                }
            }
        }
        if (times.Count > 0)
        {
            times.Sort();
            report.Set("node served again after a heal, median", times[times.Count / 2], "ms");
            report.Set("node served again after a heal, slowest", times[^1], "ms");
        }
    }

    private static void MeasureQuietTime(CheckContext context, CheckReport report, List<HistoryEvent> events)
    {
        var settleNs = (long)context.Options.SettleTime.TotalNanoseconds;
        var noisy = context
            .History.Faults.Select(f => new TimeWindow(
                f.StartNs,
                f.EndNs > long.MaxValue - settleNs ? long.MaxValue : f.EndNs + settleNs
            ))
            .ToList();
        var renewals = events.Where(e => e.Ops.Any(op => op.Kind == OpKind.Renew)).ToLookup(e => e.Session);
        long quiet = 0,
            quietOk = 0,
            during = 0,
            duringOk = 0,
            besideRenewal = 0;
        HistoryEvent? firstBad = null;
        foreach (var request in events)
        {
            var ok = request.Result == RequestResult.Ok;
            if (noisy.Exists(w => w.Overlaps(request.InvokeNs, request.CompleteNs)))
            {
                during++;
                duringOk += ok ? 1 : 0;
                continue;
            }
            if (request.Result == RequestResult.Fail && IsBesideRenewal(request, renewals[request.Session]))
            {
                besideRenewal++;
                continue;
            }

            quiet++;
            quietOk += ok ? 1 : 0;
            firstBad ??= ok ? null : request;
        }
        report.Opportunity(quiet);
        if (besideRenewal > 0)
        {
            report.Add("changes refused because another request gave the session a new id meanwhile", besideRenewal);
        }

        if (quiet > 0)
        {
            report.Set("share of ok far from faults", (double)quietOk / quiet);
        }
        if (during > 0)
        {
            report.Set("share of ok during faults", (double)duringOk / during);
        }
        if (context.Options.MinimumOkShare is { } minimum && quiet > 0 && (double)quietOk / quiet < minimum)
        {
            report.Violation(
                "TOO-FEW-OK",
                OutcomeClass.Never,
                $"only {quietOk} of {quiet} requests far from any fault succeeded",
                firstBad!
            );
        }
    }

    /// <summary>
    /// What a request without a login changes while another one gives its session a new id is
    /// refused, as promised.
    /// </summary>
    private static bool IsBesideRenewal(HistoryEvent request, IEnumerable<HistoryEvent> renewals) =>
        renewals.Any(renewal =>
            (renewal.Client, renewal.Request) != (request.Client, request.Request)
            && renewal.InvokeNs <= request.CompleteNs
            && request.InvokeNs <= renewal.CompleteNs
        );

    private static void MeasureDuration(CheckContext context, CheckReport report, List<HistoryEvent> events)
    {
        if (events.Where(e => e.CompleteNs != long.MaxValue).MaxBy(e => e.CompleteNs - e.InvokeNs) is not { } longest)
        {
            return;
        }
        report.Set("longest request", (longest.CompleteNs - longest.InvokeNs) / 1e6, "ms");
        if (context.Options.HardLimit is { } limit && longest.CompleteNs - longest.InvokeNs > limit.TotalNanoseconds)
        {
            report.Violation(
                "TOO-LONG",
                OutcomeClass.Never,
                $"a request took longer than the hard limit of {limit.TotalSeconds:0.###} s",
                longest
            );
        }
    }
}
