using ClusterSession.Histories;

namespace ClusterSession.Histories.Checking.Checks;

/// <summary>
/// Whether the run can prove anything at all: the load program wrote unique values, every node
/// served, each planned fault was seen to happen, enough reads came through another node soon after
/// a write, and what was written was read at the end. It finds reasons to distrust the run, not
/// violations.
/// </summary>
public sealed class SanityCheck : IHistoryCheck
{
    public string Name => "sanity";

    public CheckResult Check(CheckContext context)
    {
        var report = new CheckReport(Name);
        foreach (var (value, first, second) in context.DuplicateWrites.Take(3))
        {
            report.Invalid($"The value {value} was written twice ({first}; {second}): values must be unique.");
        }
        foreach (
            var node in context.History.Run.Nodes.Where(n =>
                !context.History.Events.Any(e => e.Node == n && e.Result == RequestResult.Ok)
            )
        )
        {
            report.Invalid($"Node {node} answered no request.");
        }
        foreach (var kind in context.History.Run.PlannedFaults.Distinct())
        {
            if (!context.History.Faults.Any(f => f.Kind == kind && f.Confirmed))
            {
                report.Invalid($"The planned fault '{kind}' was never seen to take effect.");
            }
        }
        CountCrossNodeReads(context, report);
        FindUnreadSessions(context, report);
        CountResults(context, report);
        return report.ToResult();
    }

    private static void CountCrossNodeReads(CheckContext context, CheckReport report)
    {
        var windowNs = context.Options.CrossNodeWindow.TotalNanoseconds;
        long count = 0;
        foreach (var session in context.Sessions)
        {
            var writes = session
                .Events.Where(e => e.Result == RequestResult.Ok && WritesSomething(e))
                .OrderBy(e => e.CompleteNs)
                .ToList();
            foreach (var read in session.Events.Where(e => e.Result == RequestResult.Ok && ReadsSomething(e)))
            {
                for (
                    var i = FirstEndingAtOrAfter(writes, read.InvokeNs) - 1;
                    i >= 0 && read.InvokeNs - writes[i].CompleteNs <= windowNs;
                    i--
                )
                {
                    if (writes[i].Node != read.Node)
                    {
                        count++;
                        break;
                    }
                }
            }
        }
        report.Opportunity(count);
        report.Set("reads through another node soon after a write", count);
        if (count < context.Options.MinimumCrossNodeReads)
        {
            report.Invalid(
                $"Only {count} reads went through another node within {context.Options.CrossNodeWindow.TotalMilliseconds:0} ms of a write; "
                    + $"{context.Options.MinimumCrossNodeReads} are needed."
            );
        }
    }

    private static int FirstEndingAtOrAfter(List<HistoryEvent> byEnd, long ns)
    {
        int from = 0,
            to = byEnd.Count;
        while (from < to)
        {
            var middle = (from + to) / 2;
            (from, to) = byEnd[middle].CompleteNs < ns ? (middle + 1, to) : (from, middle);
        }
        return from;
    }

    private static void FindUnreadSessions(CheckContext context, CheckReport report)
    {
        var unread = context.Sessions.Count(s =>
            s.Destructions.Count == 0
            && s.Events.Any(e => e.Result == RequestResult.Ok && WritesSomething(e) && e.ClientKind != ClientKind.Thief)
            && !s.Events.Any(e => e.Result == RequestResult.Ok && e.Has(EventFlags.Final))
        );
        if (unread > 0)
        {
            report.Invalid(
                $"{unread} sessions with acknowledged writes were not read at the end: their losses could not be seen."
            );
        }
    }

    private static void CountResults(CheckContext context, CheckReport report)
    {
        foreach (var result in Enum.GetValues<RequestResult>())
        {
            report.Set($"requests {result}", context.History.Events.Count(e => e.Result == result));
        }
        report.Set("sessions", context.Sessions.Count);
        report.Set("faults seen", context.History.Faults.Count(f => f.Confirmed));
    }

    private static bool WritesSomething(HistoryEvent e) =>
        e.Ops.Any(o => o.Kind is OpKind.Set or OpKind.Append or OpKind.Counter);

    private static bool ReadsSomething(HistoryEvent e) =>
        e.Ops.Any(o => o.Kind is OpKind.Get or OpKind.List or OpKind.CounterRead);
}
