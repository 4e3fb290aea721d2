using ClusterSession.Histories;

namespace ClusterSession.Histories.Checking.Checks;

/// <summary>
/// Counters. Demanded where the counter is a real increment, or where one client alone counts one
/// step after the other: each answer is larger than the one before, none comes twice, and the end
/// value lies between the acknowledged and the possible increments. A counter that is a read and a
/// write, counted by several at once, loses steps by design (last writer wins); then the loss is
/// only measured. The same holds once an increment's result is unknown: the late write of a plain
/// register may lawfully take it back.
/// </summary>
public sealed class CounterCheck : IHistoryCheck
{
    public string Name => "counters";

    public CheckResult Check(CheckContext context)
    {
        var report = new CheckReport(Name);
        foreach (var session in context.Sessions)
        {
            var end = session.Destructions.Count == 0 ? long.MaxValue : session.Destructions.Min(d => d.InvokeNs);
            end = Math.Min(end, session.MayBeOverNs);
            var judged = session.Events.Where(e => session.IsOwn(e) && e.CompleteNs < end).ToList();
            foreach (
                var key in judged
                    .SelectMany(e => e.Ops)
                    .Where(o => o.Kind == OpKind.Counter)
                    .Select(o => o.Key!)
                    .Distinct()
            )
            {
                CheckCounter(context, session, report, judged, key);
            }
        }
        return report.ToResult();
    }

    private static void CheckCounter(
        CheckContext context,
        SessionHistory session,
        CheckReport report,
        List<HistoryEvent> judged,
        string key
    )
    {
        var steps = judged
            .Where(e => e.Result != RequestResult.Fail)
            .SelectMany(e =>
                e.Ops.Where(o => o.Kind == OpKind.Counter && o.Key == key).Select(o => (Event: e, o.Number))
            )
            .ToList();
        var known = steps.Where(s => s.Event.Result == RequestResult.Ok && s.Number is not null).ToList();
        // Every client with a living cookie counts, a thief as well: all that may have happened is
        // the upper bound.
        var possible = session
            .Events.Where(e =>
                e.Result != RequestResult.Fail && e.Ops.Any(o => o.Kind == OpKind.Counter && o.Key == key)
            )
            .ToList();
        var oneByOne =
            possible.Select(e => e.Client).Distinct().Count() == 1
            && possible.TrueForAll(e => e.ClientKind != ClientKind.Parallel && e.Result == RequestResult.Ok);
        var isStrict = context.Options.DemandAtomicCounters || oneByOne;

        report.Opportunity(known.Count);
        CheckAnswers(context, session, report, known, isStrict, key);
        if (known.Count > 0)
        {
            CheckEndValues(context, session, report, known, possible.Count, isStrict, key);
        }
    }

    private static void CheckAnswers(
        CheckContext context,
        SessionHistory session,
        CheckReport report,
        List<(HistoryEvent Event, long? Number)> known,
        bool isStrict,
        string key
    )
    {
        var seen = new Dictionary<long, HistoryEvent>();
        foreach (var (step, number) in known)
        {
            if (!seen.TryAdd(number!.Value, step))
            {
                var outcome = isStrict ? context.ClassOfLoss(session, seen[number.Value], step) : OutcomeClass.Measured;
                report.Violation("COUNTED-TWICE", outcome, $"{key} answered {number} twice", seen[number.Value], step);
            }
        }
        if (!isStrict)
        {
            return;
        }
        foreach (var client in known.GroupBy(s => s.Event.Client))
        {
            var steps = client.OrderBy(s => s.Event.InvokeNs).ToList();
            for (var i = 1; i < steps.Count; i++)
            {
                if (steps[i - 1].Event.Precedes(steps[i].Event) && steps[i].Number < steps[i - 1].Number)
                {
                    var outcome = context.ClassOfLoss(session, steps[i - 1].Event, steps[i].Event);
                    report.Violation(
                        "COUNTER-WENT-BACK",
                        outcome,
                        $"{key} answered {steps[i].Number} after {steps[i - 1].Number}",
                        steps[i - 1].Event,
                        steps[i].Event
                    );
                }
            }
        }
    }

    private static void CheckEndValues(
        CheckContext context,
        SessionHistory session,
        CheckReport report,
        List<(HistoryEvent Event, long? Number)> known,
        int possible,
        bool isStrict,
        string key
    )
    {
        var reads = session
            .Events.Where(e =>
                e.Has(EventFlags.Final)
                && e.Result == RequestResult.Ok
                && !e.Has(EventFlags.ServedEmpty)
                && !session.MayBeGone(key, e)
            )
            .SelectMany(e =>
                e.Ops.Where(o => o.Kind == OpKind.CounterRead && o.Key == key)
                    .Select(o => (Event: e, Number: o.Number ?? 0))
            );
        foreach (var (reader, number) in reads)
        {
            report.Opportunity();
            var last = known[^1].Event;
            if (number > possible)
            {
                report.Violation(
                    "COUNTER-TOO-HIGH",
                    OutcomeClass.Never,
                    $"{key} is {number} after at most {possible} increments",
                    last,
                    reader
                );
            }
            else if (number < known.Count)
            {
                var outcome =
                    !isStrict ? OutcomeClass.Measured
                    : WentOnFromALossItWasToldOf(context, session, known) ? OutcomeClass.Budget
                    : context.ClassOfFinalLoss(session, last, reader);
                report.Add("counter steps lost", known.Count - number);
                report.Violation(
                    "COUNTER-TOO-LOW",
                    outcome,
                    $"{key} is {number} after {known.Count} acknowledged increments",
                    last,
                    reader
                );
            }
        }
    }

    // A client that counts on after a reported, excused regression writes the register anew: the
    // step that was away then is not to come back.
    private static bool WentOnFromALossItWasToldOf(
        CheckContext context,
        SessionHistory session,
        List<(HistoryEvent Event, long? Number)> known
    )
    {
        for (var i = 1; i < known.Count; i++)
        {
            if (
                known[i].Number <= known[i - 1].Number
                && context.ClassOfLoss(session, known[i - 1].Event, known[i].Event)
                    is OutcomeClass.Budget
                        or OutcomeClass.Forgotten
            )
            {
                return true;
            }
        }

        return false;
    }
}
