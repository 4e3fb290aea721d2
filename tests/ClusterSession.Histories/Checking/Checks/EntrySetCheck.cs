using ClusterSession.Histories;

namespace ClusterSession.Histories.Checking.Checks;

/// <summary>
/// Entries are attributes that one client writes once, so the set of them shows every session
/// guarantee:
///
///   no entry twice; a client sees its own acknowledged entries (read your writes) and all it saw before (monotonic reads);
///   what a client removed, or saw vanish, stays away.
///
/// Measured and not demanded by default: whether another client's entries come without its earlier
/// ones (causality), and how old a read through another client's eyes is (staleness).
/// </summary>
public sealed class EntrySetCheck : IHistoryCheck
{
    public string Name => "entries";

    public CheckResult Check(CheckContext context)
    {
        var report = new CheckReport(Name);
        foreach (var session in context.Sessions)
        {
            var appends = AppendsOf(session);
            foreach (var requests in session.ByClient.Values)
            {
                CheckClient(context, session, report, appends, requests);
            }
        }
        return report.ToResult();
    }

    private static bool IsJudged(SessionHistory session, HistoryEvent e) =>
        e.Result == RequestResult.Ok
        && session.IsOwn(e)
        && e.Ops.Any(o => o is { Kind: OpKind.List, Values: not null });

    private static HashSet<string> ValuesOf(HistoryEvent reader, CheckReport report)
    {
        var found = new HashSet<string>();
        foreach (var value in reader.Ops.Where(o => o.Kind == OpKind.List).SelectMany(o => o.Values ?? []))
        {
            if (!found.Add(value))
            {
                report.Violation("DUPLICATE", OutcomeClass.Never, $"entry {value} was read twice in one list", reader);
            }
        }
        return found;
    }

    private static void CheckClient(
        CheckContext context,
        SessionHistory session,
        CheckReport report,
        List<(string Entry, HistoryEvent Event)> appends,
        IReadOnlyList<HistoryEvent> requests
    )
    {
        var view = new EntryView(context, session);
        foreach (var (reader, nowBefore) in ClientSweep.Over(requests))
        {
            foreach (var earlier in nowBefore.Where(session.IsOwn))
            {
                view.Add(earlier);
            }
            if (IsJudged(session, reader))
            {
                var found = ValuesOf(reader, report);
                CheckOwnView(context, session, report, view, reader, found);
                CheckOthers(context, session, report, appends, reader, found);
            }
        }
    }

    private static void CheckOwnView(
        CheckContext context,
        SessionHistory session,
        CheckReport report,
        EntryView view,
        HistoryEvent reader,
        HashSet<string> found
    )
    {
        foreach (var (entry, source) in view.Known)
        {
            report.Opportunity();
            if (view.Gone.TryGetValue(entry, out var removal))
            {
                if (found.Contains(entry))
                {
                    report.Violation(
                        "ENTRY-CAME-BACK",
                        OutcomeOf(context, session, removal, reader),
                        $"entry {entry} is back after it was gone",
                        source,
                        removal,
                        reader
                    );
                }
            }
            else if (!found.Contains(entry) && !session.MayBeGone(Op.EntryKey(entry), reader))
            {
                var isOwn = source.Ops.Any(o => o.Kind == OpKind.Append && o.Value == entry);
                report.Violation(
                    isOwn ? "READ-YOUR-WRITES" : "MONOTONIC-READS",
                    OutcomeOf(context, session, source, reader),
                    $"entry {entry} is missing",
                    source,
                    reader
                );
            }
        }
    }

    private static void CheckOthers(
        CheckContext context,
        SessionHistory session,
        CheckReport report,
        List<(string Entry, HistoryEvent Event)> appends,
        HistoryEvent reader,
        HashSet<string> found
    )
    {
        var missing = appends
            .Where(a =>
                a.Event.Client != reader.Client
                && !found.Contains(a.Entry)
                && !session.MayBeGone(Op.EntryKey(a.Entry), reader)
            )
            .ToList();
        foreach (var (entry, write) in missing)
        {
            if (write.Precedes(reader))
            {
                report.Add("reads without another client's earlier entry", 1);
                report.Max(
                    "oldest entry not yet seen by another client",
                    (reader.InvokeNs - write.CompleteNs) / 1e6,
                    "ms"
                );
            }
            var later = appends.Find(a =>
                a.Event.Client == write.Client && write.Precedes(a.Event) && found.Contains(a.Entry)
            );
            if (later.Event is not null)
            {
                var outcome = context.Options.DemandCausality
                    ? context.ClassOfLoss(session, write, reader)
                    : OutcomeClass.Measured;
                report.Violation(
                    "CAUSAL-GAP",
                    outcome,
                    $"entry {entry} is missing while its writer's later entry is there",
                    write,
                    later.Event,
                    reader
                );
            }
        }
    }

    private static OutcomeClass OutcomeOf(
        CheckContext context,
        SessionHistory session,
        HistoryEvent earlier,
        HistoryEvent reader
    ) =>
        !context.Options.DemandParallelGuarantees && TokenOrder.MayBeOvertaken(context, session, earlier, reader)
            ? OutcomeClass.Measured
            : context.ClassOfLoss(session, earlier, reader);

    private static List<(string Entry, HistoryEvent Event)> AppendsOf(SessionHistory session) =>
        [
            .. from e in session.Events
            where e.Result == RequestResult.Ok && session.IsOwn(e)
            from o in e.Ops
            where o.Kind == OpKind.Append
            select (o.Value!, e),
        ];
}
