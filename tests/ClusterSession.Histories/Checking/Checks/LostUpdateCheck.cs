using ClusterSession.Histories;

namespace ClusterSession.Histories.Checking.Checks;

/// <summary>
/// After everything has come to rest, what was acknowledged is there.
///
/// Entries: one attribute each and one writer, so nothing may supersede them but a removal or the
/// end of the session. Registers: last writer wins, so the final value must be one that no client
/// knows to be superseded: nobody wrote another one after having written or seen it. A write that
/// came later in real time, by a client who had not seen it, decides only where clocks and paths
/// allow; that is measured.
/// </summary>
public sealed class LostUpdateCheck : IHistoryCheck
{
    public string Name => "lost updates";

    public CheckResult Check(CheckContext context)
    {
        var report = new CheckReport(Name);
        foreach (var session in context.Sessions)
        {
            var finals = session
                .Events.Where(e =>
                    e.Has(EventFlags.Final) && e.Result == RequestResult.Ok && !e.Has(EventFlags.ServedEmpty)
                )
                .ToList();
            if (finals.Count == 0)
            {
                report.Add("sessions not read at the end", 1);
                continue;
            }
            CheckEntries(context, session, report, finals);
            CheckRegisters(context, session, report, finals);
        }
        return report.ToResult();
    }

    private static void CheckEntries(
        CheckContext context,
        SessionHistory session,
        CheckReport report,
        List<HistoryEvent> finals
    )
    {
        var lists = finals
            .Where(e => e.Ops.Any(o => o is { Kind: OpKind.List, Values: not null }))
            .Select(e =>
                (Event: e, Values: e.Ops.Where(o => o.Kind == OpKind.List).SelectMany(o => o.Values ?? []).ToHashSet())
            )
            .ToList();
        foreach (var write in session.Events.Where(session.IsOwn))
        {
            foreach (var op in write.Ops.Where(o => o.Kind == OpKind.Append))
            {
                if (write.Result == RequestResult.Info)
                {
                    report.Add(
                        lists.Exists(l => l.Values.Contains(op.Value!))
                            ? "unknown entries that happened"
                            : "unknown entries that did not",
                        1
                    );
                }
                if (write.Result == RequestResult.Ok)
                {
                    CheckEntry(context, session, report, lists, write, op);
                }
            }
        }
    }

    private static void CheckEntry(
        CheckContext context,
        SessionHistory session,
        CheckReport report,
        List<(HistoryEvent Event, HashSet<string> Values)> lists,
        HistoryEvent write,
        Op op
    )
    {
        foreach (var (reader, values) in lists)
        {
            if (!write.Precedes(reader) || session.MayBeGone(op.Key!, reader))
            {
                continue;
            }
            report.Opportunity();
            if (!values.Contains(op.Value!))
            {
                report.Violation(
                    "LOST-ENTRY",
                    context.ClassOfFinalLoss(session, write, reader),
                    $"acknowledged entry {op.Value} is not there at the end",
                    write,
                    reader
                );
            }
        }
    }

    private static void CheckRegisters(
        CheckContext context,
        SessionHistory session,
        CheckReport report,
        List<HistoryEvent> finals
    )
    {
        foreach (var reader in finals)
        {
            foreach (var op in reader.Ops.Where(o => o.Kind == OpKind.Get))
            {
                CheckRegister(context, session, report, reader, op);
            }
        }
    }

    private static void CheckRegister(
        CheckContext context,
        SessionHistory session,
        CheckReport report,
        HistoryEvent reader,
        Op op
    )
    {
        var writes = session
            .Events.Where(e => e.Result == RequestResult.Ok && session.IsOwn(e) && e.Precedes(reader))
            .Where(e => e.Ops.Any(o => o.Kind == OpKind.Set && o.Key == op.Key))
            .ToList();
        if (writes.Count == 0)
        {
            return;
        }
        report.Opportunity();
        if (op.Value is null)
        {
            if (!session.MayBeGone(op.Key!, reader))
            {
                report.Violation(
                    "LOST-VALUE",
                    context.ClassOfFinalLoss(session, writes[^1], reader),
                    $"{op.Key} was written and is not there at the end",
                    writes[^1],
                    reader
                );
            }
            return;
        }
        var sightings = session
            .Events.Where(e =>
                e.Result == RequestResult.Ok
                && e.Ops.Any(o => o.Key == op.Key && o.Value == op.Value && (o.Kind is OpKind.Set or OpKind.Get))
            )
            .ToList();
        foreach (var write in writes.Where(w => LastSetOf(w, op.Key!) != op.Value))
        {
            if (sightings.Find(s => s.Client == write.Client && s.Precedes(write)) is { } seen)
            {
                report.Violation(
                    "SUPERSEDED-VALUE-WON",
                    context.ClassOfFinalLoss(session, write, reader),
                    $"{op.Key} ended as a value that its writer's client had replaced",
                    seen,
                    write,
                    reader
                );
                return;
            }
        }
        if (
            context.TryGetWriter(op.Value, out var winner)
            && writes.Exists(w => winner.Event.Precedes(w) && LastSetOf(w, op.Key!) != op.Value)
        )
        {
            report.Add("registers that ended with an earlier write", 1);
        }
    }

    private static string? LastSetOf(HistoryEvent write, string key) =>
        write.Ops.LastOrDefault(o => o.Kind == OpKind.Set && o.Key == key)?.Value;
}
