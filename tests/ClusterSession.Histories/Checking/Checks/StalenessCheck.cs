using ClusterSession.Histories;

namespace ClusterSession.Histories.Checking.Checks;

/// <summary>
/// A copy is served without asking only while it is known to be current: an entry that one client
/// has added is there for every other one soon after (<see cref="CheckOptions.StalenessLimit"/>),
/// also where nothing but the store tells the nodes of it.
/// </summary>
public sealed class StalenessCheck : IHistoryCheck
{
    public string Name => "staleness";

    public CheckResult Check(CheckContext context)
    {
        var report = new CheckReport(Name);
        if (context.Options.StalenessLimit is { } limit)
        {
            foreach (var session in context.Sessions)
            {
                CheckSession(context, session, report, (long)limit.TotalNanoseconds);
            }
        }

        return report.ToResult();
    }

    private static void CheckSession(CheckContext context, SessionHistory session, CheckReport report, long limitNs)
    {
        var appends = (
            from e in session.Events
            where e.Result == RequestResult.Ok && session.IsOwn(e)
            from op in e.Ops
            where op.Kind == OpKind.Append
            select (op.Value, Event: e)
        ).ToList();
        foreach (
            var reader in session.Events.Where(e =>
                e.Result == RequestResult.Ok && session.IsOwn(e) && !e.Has(EventFlags.Regressed)
            )
        )
        {
            if (
                reader.Ops.FirstOrDefault(op => op is { Kind: OpKind.List, Values: not null }) is not { } list
                || context.IsNearFault(reader.InvokeNs - limitNs, reader.CompleteNs, static _ => true)
            )
            {
                continue;
            }

            var found = list.Values!.ToHashSet();
            foreach (
                var (value, write) in appends.Where(a =>
                    a.Event.Client != reader.Client && a.Event.CompleteNs + limitNs < reader.InvokeNs
                )
            )
            {
                if (session.MayBeGone(Op.EntryKey(value!), reader) || WasToldOfALoss(session, write, reader))
                {
                    continue;
                }

                report.Opportunity();
                if (!found.Contains(value!))
                {
                    report.Violation(
                        "STALE-READ",
                        context.LostUnnamed(session, write, reader) ? OutcomeClass.Forgotten : OutcomeClass.Never,
                        $"entry {value} is not seen {(reader.InvokeNs - write.CompleteNs) / 1e6:0} ms after it was acknowledged",
                        write,
                        reader
                    );
                }
            }
        }
    }

    // What was reported as lost is no matter of an old copy: the checks of losses judge whether it
    // might be.
    private static bool WasToldOfALoss(SessionHistory session, HistoryEvent write, HistoryEvent reader) =>
        session.Events.Any(e =>
            e.Has(EventFlags.Regressed) && e.CompleteNs >= write.InvokeNs && e.InvokeNs <= reader.CompleteNs
        );
}
