using ClusterSession.Histories;

namespace ClusterSession.Histories.Checking;

/// <summary>
/// What one client knows about the entries of its session after the requests added so far (in the
/// order of their ends).
/// </summary>
internal sealed class EntryView(CheckContext context, SessionHistory session)
{
    private readonly Dictionary<string, HistoryEvent> _known = [];
    private readonly Dictionary<string, HistoryEvent> _lastSeen = [];
    private readonly Dictionary<string, HistoryEvent> _gone = [];

    /// <summary>Each entry with the first request in which the client wrote or saw it.</summary>
    public IReadOnlyDictionary<string, HistoryEvent> Known => _known;

    /// <summary>
    /// Each entry of <see cref="Known"/> that the client removed or saw gone, with the request that
    /// did.
    /// </summary>
    public IReadOnlyDictionary<string, HistoryEvent> Gone => _gone;

    public void Add(HistoryEvent request)
    {
        foreach (var op in request.Ops)
        {
            switch (op.Kind)
            {
                case OpKind.Append:
                    _known.TryAdd(op.Value!, request);
                    _lastSeen[op.Value!] = request;
                    break;
                case OpKind.Remove
                    when op.Key!.StartsWith("e:", StringComparison.Ordinal) && !RemovedNothing(op.Key[2..], request):
                    MarkGone(op.Key[2..], request);
                    break;
                case OpKind.List when op.Values is not null:
                    AddList(op.Values, request);
                    break;
                default:
                    break;
            }
        }
    }

    private void AddList(IReadOnlyList<string> values, HistoryEvent request)
    {
        var found = values.ToHashSet();
        foreach (var value in found)
        {
            _known.TryAdd(value, request);
            _lastSeen[value] = request;
        }
        foreach (var (entry, source) in _known)
        {
            // A read whose token did not cover the entry, or after a loss was reported, may simply
            // have looked further back.
            if (
                !found.Contains(entry)
                && session.MayBeGone(Op.EntryKey(entry), request)
                && !TokenOrder.MayBeOvertaken(context, session, source, request)
                && !CheckContext.WasTold(session, source, request)
            )
            {
                MarkGone(entry, request);
            }
        }
    }

    // The entry was not there at that moment, and nothing was committed: to remove what is not
    // there is no write, and when the entry comes back there is nothing that says otherwise. Either
    // it was lost and the client knew it, or the cookie of the request did not cover it.
    private bool RemovedNothing(string entry, HistoryEvent request) =>
        request is { Served: { } served, Committed: null }
        && (request.TokenReceived is not { } token || token == served)
        && _known.TryGetValue(entry, out var source)
        && (
            CheckContext.WasTold(session, source, request)
            || (
                TokenOrder.MayBeOvertaken(context, session, source, request)
                && TokenOrder.MayBeOvertaken(context, session, _lastSeen[entry], request)
            )
        );

    // Only an entry known before the request began can be called gone: an unacknowledged write may
    // arrive later.
    private void MarkGone(string entry, HistoryEvent request)
    {
        if (_known.TryGetValue(entry, out var source) && source.Precedes(request))
        {
            _gone.TryAdd(entry, request);
        }
    }
}
