using ClusterSession.Histories;

namespace ClusterSession.Histories.Checking.Checks;

/// <summary>
/// Whether each attribute behaves like one atomic register over all clients, in O(m log m) (Gibbons
/// and Korach, "Testing shared memories", for unique values).
///
/// All operations on one value form a cluster: its write and its reads. f is the first completion
/// in the cluster, s the last invocation.
///
///   f &lt; s   forward zone  [f, s]: the register must hold this value all that time
///   else    backward zone [s, f]: some moment in there is enough
///
///   not linearizable  iff  a read ends before its write begins, or two forward zones overlap, or a backward zone lies inside a forward one
///
/// An unknown write ends never; if nobody read it, it need not have happened. The absent value is a
/// write at the beginning of time. Attributes that are removed and sessions that are destroyed are
/// left out: "nothing" is then no unique value. The slow general search (Wing and Gong) is only in
/// the tests, as the oracle for this one. Not promised under Merge, so measured unless demanded.
/// </summary>
public sealed class RegisterLinearizabilityCheck : IHistoryCheck
{
    public string Name => "linearizability";

    public CheckResult Check(CheckContext context)
    {
        var report = new CheckReport(Name);
        long linearizable = 0;
        foreach (var session in context.Sessions.Where(s => s.Destructions.Count == 0))
        {
            var judged = session.Events.Where(e => e.Result != RequestResult.Fail && session.IsOwn(e)).ToList();
            foreach (var key in KeysOf(session).Where(k => session.RemovalsOf(k).Count == 0))
            {
                report.Opportunity();
                if (FindAnomaly(judged, key) is { } anomaly)
                {
                    var outcome = context.Options.DemandLinearizability ? OutcomeClass.Never : OutcomeClass.Measured;
                    report.Violation("NOT-LINEARIZABLE", outcome, $"{key}: {anomaly.Why}", anomaly.Witness);
                }
                else
                {
                    linearizable++;
                }
            }
        }
        report.Set("registers linearizable", linearizable);
        return report.ToResult();
    }

    private static IEnumerable<string> KeysOf(SessionHistory session) =>
        session.Events.SelectMany(e => e.Ops).Where(o => o.Kind == OpKind.Set).Select(o => o.Key!).Distinct();

    /// <param name="events">Requests that did not fail, in the order of their begin.</param>
    internal static (string Why, HistoryEvent[] Witness)? FindAnomaly(IReadOnlyList<HistoryEvent> events, string key)
    {
        var (clusters, initial) = ClustersOf(events, key);
        foreach (var cluster in clusters.Values)
        {
            if (cluster.Reads.Find(r => r.CompleteNs < cluster.Write!.InvokeNs) is { } tooEarly)
            {
                return ("a read ended before its write began", [cluster.Write!, tooEarly]);
            }
        }
        var zones = clusters.Values.Append(initial).Where(c => c.Counts).Select(c => c.ToZone()).ToList();
        var forward = zones.Where(z => z.IsForward).OrderBy(z => z.Low).ToList();
        for (var i = 1; i < forward.Count; i++)
        {
            if (forward[i].Low < forward[i - 1].High)
            {
                return (
                    "two values would have to be there at the same time",
                    [.. forward[i - 1].Ends, .. forward[i].Ends]
                );
            }
        }
        foreach (var backward in zones.Where(z => !z.IsForward))
        {
            // Forward zones are disjoint here, so only the last one that begins before can hold it.
            var index = LastBefore(forward, backward.Low);
            if (index >= 0 && backward.High < forward[index].High)
            {
                return (
                    "a value came and went while another had to be there",
                    [.. forward[index].Ends, .. backward.Ends]
                );
            }
        }
        return null;
    }

    private static int LastBefore(List<Zone> forward, long low)
    {
        int from = 0,
            to = forward.Count;
        while (from < to)
        {
            var middle = (from + to) / 2;
            if (forward[middle].Low < low)
            {
                from = middle + 1;
            }
            else
            {
                to = middle;
            }
        }
        return from - 1;
    }

    private static (Dictionary<string, Cluster> Clusters, Cluster Initial) ClustersOf(
        IReadOnlyList<HistoryEvent> events,
        string key
    )
    {
        var clusters = new Dictionary<string, Cluster>();
        var initial = new Cluster(null);
        foreach (var request in events)
        {
            // Of several writes in one request only the last one becomes visible.
            if (request.Ops.LastOrDefault(o => o.Kind == OpKind.Set && o.Key == key) is { } write)
            {
                clusters.TryAdd(write.Value!, new Cluster(request));
            }
        }
        foreach (var request in events.Where(e => e.Result == RequestResult.Ok))
        {
            foreach (var read in request.Ops.Where(o => o.Kind == OpKind.Get && o.Key == key))
            {
                if (read.Value is null)
                {
                    initial.Reads.Add(request);
                }
                else if (clusters.TryGetValue(read.Value, out var cluster) && cluster.Write != request)
                {
                    cluster.Reads.Add(request); // a value from nowhere is the integrity check's affair
                }
            }
        }
        return (clusters, initial);
    }

    private sealed class Cluster(HistoryEvent? write)
    {
        public HistoryEvent? Write => write;

        public List<HistoryEvent> Reads { get; } = [];

        public bool Counts => Reads.Count > 0 || write is { Result: RequestResult.Ok };

        public Zone ToZone()
        {
            var all = write is null ? Reads : [write, .. Reads];
            var firstEnd = all.MinBy(e => e.EffectEndNs)!;
            var lastBegin = all.MaxBy(e => e.InvokeNs)!;
            var f = write is null ? long.MinValue : firstEnd.EffectEndNs;
            var s = lastBegin.InvokeNs;
            return f < s ? new Zone(true, f, s, [firstEnd, lastBegin]) : new Zone(false, s, f, [firstEnd, lastBegin]);
        }
    }

    private readonly record struct Zone(bool IsForward, long Low, long High, HistoryEvent[] Ends);
}
