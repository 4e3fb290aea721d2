using ClusterSession.Histories;

namespace ClusterSession.Histories.Checking;

/// <summary>
/// The part of a history that belongs to one session, with what most checks ask for. Immutable
/// after construction.
/// </summary>
public sealed class SessionHistory
{
    private readonly Dictionary<string, List<HistoryEvent>> _removals = [];
    private readonly List<HistoryEvent> _destructions = [];
    private readonly List<HistoryEvent> _renewals = [];

    internal SessionHistory(int session, IReadOnlyList<HistoryEvent> events, CheckOptions options)
    {
        Session = session;
        Events = events;
        MayHaveExpiredNs = ExpiryOf(events, options);
        ByClient = events.GroupBy(e => e.Client).ToDictionary(g => g.Key, g => (IReadOnlyList<HistoryEvent>)[.. g]);
        foreach (var request in events.Where(e => e.Result != RequestResult.Fail))
        {
            foreach (var op in request.Ops)
            {
                if (op is { Kind: OpKind.Remove, Key: { } key })
                {
                    RemovalList(key).Add(request);
                }
                else if (op.Kind == OpKind.Destroy || (op.Kind == OpKind.Renew && request.Result == RequestResult.Info))
                {
                    _destructions.Add(request);
                }
                if (op.Kind == OpKind.Renew)
                {
                    _renewals.Add(request);
                }
            }
        }
    }

    public int Session { get; }

    /// <summary>In the order in which they began.</summary>
    public IReadOnlyList<HistoryEvent> Events { get; }

    public IReadOnlyDictionary<int, IReadOnlyList<HistoryEvent>> ByClient { get; }

    /// <summary>
    /// Requests that destroyed the session or may have. A renewal with unknown result is one of
    /// them: if it happened, the cookie that the client is left with is dead.
    /// </summary>
    public IReadOnlyList<HistoryEvent> Destructions => _destructions;

    /// <summary>
    /// From when on the session may have expired, because nobody is known to have used it; the
    /// largest number: never.
    /// </summary>
    public long MayHaveExpiredNs { get; }

    /// <summary>
    /// From when on it was gone for a reason that excuses that: the store had lost it, and no node
    /// held it. The largest number: never.
    /// </summary>
    public long MayBeForgottenNs { get; internal set; } = long.MaxValue;

    /// <summary>From when on its absence proves nothing.</summary>
    public long MayBeOverNs => Math.Min(MayHaveExpiredNs, MayBeForgottenNs);

    /// <summary>Requests that removed this attribute or may have.</summary>
    public IReadOnlyList<HistoryEvent> RemovalsOf(string key) => _removals.TryGetValue(key, out var found) ? found : [];

    /// <summary>Requests that renewed the id or may have.</summary>
    public IReadOnlyList<HistoryEvent> Renewals => _renewals;

    /// <summary>
    /// The id that the request showed may have been renewed before it ended: whatever it saw or
    /// wrote may have been another, empty session.
    /// </summary>
    public bool CookieMayBeDead(HistoryEvent request) =>
        _renewals.Exists(r => r.Generation >= request.Generation && r.InvokeNs < request.CompleteNs && r != request);

    /// <summary>
    /// The request is one of the session's own: what it was told to have written must be there, and
    /// what it saw was there.
    /// </summary>
    public bool IsOwn(HistoryEvent request) =>
        request.ClientKind != ClientKind.Thief && !request.Has(EventFlags.ServedEmpty) && !CookieMayBeDead(request);

    /// <summary>
    /// Something that began before this request ended may have taken the attribute away: its
    /// absence proves nothing.
    /// </summary>
    public bool MayBeGone(string key, HistoryEvent reader) =>
        reader.CompleteNs > MayBeOverNs
        || _destructions.Exists(d => d.InvokeNs < reader.CompleteNs)
        || CookieMayBeDead(reader)
        || (_removals.TryGetValue(key, out var removals) && removals.Exists(r => r.InvokeNs < reader.CompleteNs));

    // A request that was answered is a use; one that failed, or showed a cookie that led nowhere,
    // need not have been.
    private static long ExpiryOf(IReadOnlyList<HistoryEvent> events, CheckOptions options)
    {
        var idleNs = options.IdleTimeout is { } idle
            ? (long)(idle - options.ExpirySlack).TotalNanoseconds
            : long.MaxValue;
        var absoluteNs = options.AbsoluteTimeout is { } absolute
            ? (long)(absolute - options.ExpirySlack).TotalNanoseconds
            : long.MaxValue;
        var lastUseNs = long.MaxValue;
        foreach (var use in events.Where(e => e.Result == RequestResult.Ok && !e.Has(EventFlags.ServedEmpty)))
        {
            if (lastUseNs != long.MaxValue && use.CompleteNs - lastUseNs > idleNs)
            {
                break;
            }

            lastUseNs = lastUseNs == long.MaxValue ? use.CompleteNs : Math.Max(lastUseNs, use.CompleteNs);
        }

        return Math.Min(
            idleNs == long.MaxValue || lastUseNs == long.MaxValue ? long.MaxValue : lastUseNs + idleNs,
            absoluteNs == long.MaxValue ? long.MaxValue : events[0].InvokeNs + absoluteNs
        );
    }

    private List<HistoryEvent> RemovalList(string key)
    {
        if (!_removals.TryGetValue(key, out var list))
        {
            _removals.Add(key, list = []);
        }
        return list;
    }
}
