using ClusterSession.TestKit.Histories;

namespace ClusterSession.TestKit.Checking;

/// <summary>The part of a history that belongs to one session, with what most checks ask for. Immutable after construction.</summary>
public sealed class SessionHistory
{
    private readonly Dictionary<string, List<HistoryEvent>> _removals = [];
    private readonly List<HistoryEvent> _destructions = [];

    internal SessionHistory(int session, IReadOnlyList<HistoryEvent> events)
    {
        Session = session;
        Events = events;
        ByClient = events.GroupBy(e => e.Client).ToDictionary(g => g.Key, g => (IReadOnlyList<HistoryEvent>)[.. g]);
        foreach (var request in events.Where(e => e.Result != RequestResult.Fail))
        {
            foreach (var op in request.Ops)
            {
                if (op is { Kind: OpKind.Remove, Key: { } key })
                {
                    RemovalList(key).Add(request);
                }
                else if (op.Kind == OpKind.Destroy)
                {
                    _destructions.Add(request);
                }
            }
        }
    }

    public int Session { get; }

    /// <summary>In the order in which they began.</summary>
    public IReadOnlyList<HistoryEvent> Events { get; }

    public IReadOnlyDictionary<int, IReadOnlyList<HistoryEvent>> ByClient { get; }

    /// <summary>Requests that destroyed the session or may have.</summary>
    public IReadOnlyList<HistoryEvent> Destructions => _destructions;

    /// <summary>Requests that removed this attribute or may have.</summary>
    public IReadOnlyList<HistoryEvent> RemovalsOf(string key) => _removals.TryGetValue(key, out var found) ? found : [];

    /// <summary>Something that began before this request ended may have taken the attribute away: its absence proves nothing.</summary>
    public bool MayBeGone(string key, HistoryEvent reader) =>
        _destructions.Exists(d => d.InvokeNs < reader.CompleteNs)
        || (_removals.TryGetValue(key, out var removals) && removals.Exists(r => r.InvokeNs < reader.CompleteNs));

    private List<HistoryEvent> RemovalList(string key)
    {
        if (!_removals.TryGetValue(key, out var list))
        {
            _removals.Add(key, list = []);
        }
        return list;
    }
}
