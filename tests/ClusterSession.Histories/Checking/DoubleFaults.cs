using ClusterSession.Histories;

namespace ClusterSession.Histories.Checking;

/// <summary>
/// Finds when faults of two layers were there at once: an application node and a store, a link and
/// a node. Everything that is promised for one fault at a time holds outside these windows.
/// </summary>
internal static class DoubleFaults
{
    public static IReadOnlyList<TimeWindow> Find(IReadOnlyList<FaultEvent> faults, TimeSpan reach)
    {
        var reachNs = (long)reach.TotalNanoseconds;
        var windows = new List<TimeWindow>();
        for (var i = 0; i < faults.Count; i++)
        {
            for (var j = i + 1; j < faults.Count; j++)
            {
                if (faults[i].Layer == faults[j].Layer)
                {
                    continue;
                }
                var start = Math.Max(faults[i].StartNs, faults[j].StartNs);
                var end = Math.Min(End(faults[i], reachNs), End(faults[j], reachNs));
                if (start <= end)
                {
                    windows.Add(new TimeWindow(start, end));
                }
            }
        }
        return windows;
    }

    private static long End(FaultEvent fault, long reachNs) =>
        fault.EndNs > long.MaxValue - reachNs ? long.MaxValue : fault.EndNs + reachNs;
}
