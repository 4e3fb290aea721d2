using ClusterSession.Histories;

namespace ClusterSession.Histories.Checking;

/// <summary>
/// Walks through the requests of one client in the order in which they began and hands out, with
/// each, those earlier requests that have come to precede it since the last one. Every request is
/// handed out once, so a check that keeps a running state costs O(n log n) instead of O(n^2).
/// </summary>
internal static class ClientSweep
{
    public static IEnumerable<(HistoryEvent Request, IReadOnlyList<HistoryEvent> NowBefore)> Over(
        IEnumerable<HistoryEvent> requests
    )
    {
        var byBegin = requests.OrderBy(e => e.InvokeNs).ToList();
        var byEnd = byBegin.Where(e => e.Result == RequestResult.Ok).OrderBy(e => e.CompleteNs).ToList();
        var next = 0;
        var batch = new List<HistoryEvent>();
        foreach (var request in byBegin)
        {
            batch.Clear();
            while (next < byEnd.Count && byEnd[next].Precedes(request))
            {
                batch.Add(byEnd[next++]);
            }
            yield return (request, batch);
        }
    }
}
