namespace ClusterSession.Histories.Checking;

/// <summary>
/// Finds when the store was away by what was answered: two nodes refused sessions at the same time.
/// A machine that is too busy stops a store for a second without any fault of the plan; what is
/// excused then must be reported all the same, and that refusals stay rare is the liveness check's
/// matter.
/// </summary>
internal static class WitnessedOutages
{
    public static IReadOnlyList<TimeWindow> Find(IReadOnlyList<HistoryEvent> events)
    {
        var windows = new List<TimeWindow>();
        var untilOf = new Dictionary<string, long>();
        foreach (var refused in events.Where(static e => e.Has(EventFlags.Rejected)).OrderBy(static e => e.InvokeNs))
        {
            foreach (var (node, until) in untilOf)
            {
                if (node != refused.Node && until >= refused.InvokeNs)
                {
                    windows.Add(new TimeWindow(refused.InvokeNs, Math.Max(until, refused.CompleteNs)));
                }
            }

            untilOf[refused.Node] = Math.Max(untilOf.GetValueOrDefault(refused.Node), refused.CompleteNs);
        }

        return windows;
    }
}
