using System.Globalization;
using ClusterSession.Histories;

namespace ClusterSession.Histories.Checking.Checks;

/// <summary>
/// After everything has come to rest, the session is the same through whatever node one looks.
/// </summary>
public sealed class ConvergenceCheck : IHistoryCheck
{
    public string Name => "convergence";

    public CheckResult Check(CheckContext context)
    {
        var report = new CheckReport(Name);
        foreach (var session in context.Sessions)
        {
            // One item (the list, or one attribute) at a time: a final round may read them in
            // separate requests.
            var items = session
                .Events.Where(e =>
                    e.Has(EventFlags.Final) && e.Result == RequestResult.Ok && !e.Has(EventFlags.ServedEmpty)
                )
                .SelectMany(e => e.Ops.Select(o => (Event: e, Item: Describe(o))))
                .Where(x => x.Item is not null)
                .GroupBy(x => x.Item!.Value.What);
            foreach (var item in items)
            {
                Compare(report, item.Key, [.. item.Select(x => (x.Event, x.Item!.Value.Seen))]);
            }
        }
        return report.ToResult();
    }

    private static void Compare(CheckReport report, string what, List<(HistoryEvent Event, string Seen)> reads)
    {
        if (reads.Select(r => r.Event.Node).Distinct().Count() < 2)
        {
            return;
        }
        report.Opportunity();
        var other = reads.Find(r => r.Seen != reads[0].Seen);
        if (other.Event is not null)
        {
            report.Violation(
                "DIVERGED",
                OutcomeClass.Never,
                $"nodes {reads[0].Event.Node} and {other.Event.Node} show different {what} at the end",
                reads[0].Event,
                other.Event
            );
        }
    }

    private static (string What, string Seen)? Describe(Op op) =>
        op.Kind switch
        {
            OpKind.List when op.Values is not null => (
                "entries",
                string.Join('\n', op.Values.Order(StringComparer.Ordinal))
            ),
            OpKind.Get => ($"values of {op.Key}", op.Value ?? ""),
            OpKind.CounterRead => ($"counts of {op.Key}", (op.Number ?? 0).ToString(CultureInfo.InvariantCulture)),
            _ => null,
        };
}
