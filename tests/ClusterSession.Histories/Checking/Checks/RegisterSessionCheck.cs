using ClusterSession.Histories;

namespace ClusterSession.Histories.Checking.Checks;

/// <summary>
/// Session guarantees of an attribute that several clients write. Values are unique, so a client
/// knows a value to be dead once it has seen it and later wrote or saw another one:
///
///   sighting of v  --precedes-->  sighting of w  --precedes-->  read of v      violation
///
/// (a sighting is an acknowledged own write or a read; a removal is a sighting of nothing). Seeing
/// nothing after having seen something needs a removal or an end of the session that could have
/// done it. All precedence is real time of one client, so parallel requests are judged correctly
/// too.
/// </summary>
public sealed class RegisterSessionCheck : IHistoryCheck
{
    public string Name => "registers";

    public CheckResult Check(CheckContext context)
    {
        var report = new CheckReport(Name);
        foreach (var session in context.Sessions)
        {
            foreach (var requests in session.ByClient.Values)
            {
                foreach (var sightings in SightingsOf(session, requests).GroupBy(s => s.Key))
                {
                    CheckKey(context, session, report, [.. sightings]);
                }
            }
        }
        return report.ToResult();
    }

    private readonly record struct Sighting(string Key, string? Value, HistoryEvent Event, bool IsRead);

    private static IEnumerable<Sighting> SightingsOf(SessionHistory session, IReadOnlyList<HistoryEvent> requests)
    {
        foreach (var request in requests)
        {
            if (request.Result != RequestResult.Ok || !session.IsOwn(request))
            {
                continue;
            }
            foreach (var op in request.Ops)
            {
                if (
                    (op.Kind is OpKind.Get or OpKind.Set or OpKind.Remove)
                    && !op.Key!.StartsWith("e:", StringComparison.Ordinal)
                )
                {
                    yield return new Sighting(op.Key, op.Value, request, op.Kind == OpKind.Get);
                }
            }
        }
    }

    private static void CheckKey(
        CheckContext context,
        SessionHistory session,
        CheckReport report,
        List<Sighting> sightings
    )
    {
        var firstOf = new Dictionary<string, HistoryEvent>(); // value -> the sighting of it that ended first
        HistoryEvent? firstOfAny = null;
        foreach (var sighting in sightings.Where(s => s.Value is not null).OrderBy(s => s.Event.CompleteNs))
        {
            firstOf.TryAdd(sighting.Value!, sighting.Event);
            firstOfAny ??= sighting.Event;
        }
        for (var i = 0; i < sightings.Count; i++)
        {
            var read = sightings[i];
            var first = read.Value is null ? firstOfAny : firstOf[read.Value];
            if (!read.IsRead || first is null || !first.Precedes(read.Event))
            {
                continue;
            }
            report.Opportunity();
            if (read.Value is null)
            {
                if (!session.MayBeGone(read.Key, read.Event))
                {
                    report.Violation(
                        "LOST-VALUE",
                        OutcomeOf(context, session, first, read.Event),
                        $"{read.Key} is gone",
                        first,
                        read.Event
                    );
                }
            }
            else if (ReplacementBetween(context, session, sightings, first, i) is { } replacement)
            {
                report.Violation(
                    replacement.IsRead ? "MONOTONIC-READS" : "READ-YOUR-WRITES",
                    OutcomeOf(context, session, replacement.Event, read.Event),
                    $"{read.Key} went back to a value that this client knew to be replaced",
                    first,
                    replacement.Event,
                    read.Event
                );
            }
        }
    }

    // Sightings are in the order of their begin, so the search goes back only to the first sighting
    // of the value read.
    private static Sighting? ReplacementBetween(
        CheckContext context,
        SessionHistory session,
        List<Sighting> sightings,
        HistoryEvent first,
        int readIndex
    )
    {
        var read = sightings[readIndex];
        for (var i = readIndex - 1; i >= 0 && first.Precedes(sightings[i].Event); i--)
        {
            // A read whose token did not cover the first sighting, or after the client was told
            // that it is lost, may have looked further back than it: no proof of a replacement.
            var isProof =
                !sightings[i].IsRead
                || !CheckContext.WasTold(session, first, sightings[i].Event)
                    && (
                        context.Options.DemandParallelGuarantees
                        || !TokenOrder.MayBeOvertaken(context, session, first, sightings[i].Event)
                    );
            if (isProof && sightings[i].Value != read.Value && sightings[i].Event.Precedes(read.Event))
            {
                return sightings[i];
            }
        }
        return null;
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
}
