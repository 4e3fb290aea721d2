using ClusterSession.Histories;

namespace ClusterSession.Histories.Checking.Checks;

/// <summary>
/// Each value read must be whole, belong to this session, and have been written by a request that
/// began before the read ended, was not answered as failed, and meant this value to stay (N1, N2,
/// N4). Values describe themselves, so one read is enough to find a leak.
/// </summary>
public sealed class IntegrityCheck : IHistoryCheck
{
    public string Name => "integrity";

    public CheckResult Check(CheckContext context)
    {
        var report = new CheckReport(Name);
        foreach (var request in context.History.Events)
        {
            foreach (var (op, value) in CheckContext.ReadsOf(request))
            {
                if (value is not null)
                {
                    report.Opportunity();
                    CheckValue(context, report, request, op, value);
                }
            }
        }
        return report.ToResult();
    }

    private static void CheckValue(CheckContext context, CheckReport report, HistoryEvent reader, Op read, string value)
    {
        if (SelfDescribingValue.TryParse(value) is not { } described)
        {
            report.Violation("CORRUPT", OutcomeClass.Never, $"read '{value}', which fails its checksum", reader);
            return;
        }
        if (described.Session != reader.Session)
        {
            var source = context.TryGetWriter(value, out var foreign) ? new[] { foreign.Event, reader } : [reader];
            report.Violation(
                "CROSS-SESSION",
                OutcomeClass.Never,
                $"session {reader.Session} read session {described.Session}'s value",
                source
            );
            return;
        }
        if (!context.TryGetWriter(value, out var writer))
        {
            report.Violation("FROM-NOWHERE", OutcomeClass.Never, $"read '{value}', which nobody wrote", reader);
            return;
        }
        if (writer.Event.InvokeNs >= reader.CompleteNs)
        {
            report.Violation(
                "FUTURE",
                OutcomeClass.Never,
                "read a value before its writer began",
                writer.Event,
                reader
            );
        }
        else if (writer.Event.Result == RequestResult.Fail)
        {
            report.Violation(
                "ABORTED-READ",
                OutcomeClass.Never,
                "read a value whose writer was told that it failed",
                writer.Event,
                reader
            );
        }
        if (read.Kind == OpKind.Get && writer.Op.Key != read.Key)
        {
            report.Violation(
                "WRONG-KEY",
                OutcomeClass.Never,
                $"read {writer.Op.Key}'s value under {read.Key}",
                writer.Event,
                reader
            );
        }
        if (writer.Event != reader && IsIntermediate(writer.Event, writer.Op))
        {
            report.Violation(
                "INTERMEDIATE",
                OutcomeClass.Never,
                "read a value that its own request had already replaced",
                writer.Event,
                reader
            );
        }
    }

    private static bool IsIntermediate(HistoryEvent writer, Op written) =>
        writer
            .Ops.SkipWhile(o => !ReferenceEquals(o, written) && o != written)
            .Skip(1)
            .Any(o => o.Key == written.Key && (o.Kind is OpKind.Set or OpKind.Remove));
}
