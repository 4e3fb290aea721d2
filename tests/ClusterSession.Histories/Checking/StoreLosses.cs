using ClusterSession.Histories;

namespace ClusterSession.Histories.Checking;

/// <summary>
/// What a store excuses that has lost a session, or went back, while it could be reached
/// (<see cref="FaultEffect.Loss"/>): only what no node holds any more.
///
///   A serves or commits the session ---- the store loses it ---- B is asked            nothing is excused: A has it
///   A serves or commits the session -- A ends -- the store loses it -- B is asked      excused
///   A serves or commits the session -- the store loses it -- A is frozen -- B is asked excused, if it was said
///   A serves the session -- B renews its id -- the store loses it -- B ends            excused
///
/// A copy under an id that had been renewed restores nothing under the next one.
///
/// An end is known to every node that lived when it was acknowledged, and to all of them or to
/// none.
/// </summary>
internal sealed class StoreLosses(History history, CheckOptions options)
{
    private readonly List<FaultEvent> _losses = [.. history.Faults.Where(f => f.Effect == FaultEffect.Loss)];
    private readonly List<FaultEvent> _restarts = [.. history.Faults.Where(f => f.Restarted is not null)];
    private readonly long _settleNs = (long)options.SettleTime.TotalNanoseconds;
    private readonly IReadOnlyList<string> _nodes =
        history.Run.Nodes.Count > 0 ? history.Run.Nodes : [.. history.Events.Select(e => e.Node).Distinct()];

    /// <summary>
    /// Whether what a request did or saw may be missing in a later one, provided that this is said.
    /// </summary>
    public bool Excuse(SessionHistory session, HistoryEvent earlier, HistoryEvent reader) =>
        _losses.Exists(loss =>
            Hit(loss, earlier, reader)
            && !HasHolder(
                session,
                session.Events.Where(e => Contains(session, e, earlier, loss)),
                loss,
                reader,
                mustBeReachable: true
            )
        );

    /// <summary>Whether the session as such may be gone for somebody who asks for it.</summary>
    public bool ExcuseSession(SessionHistory session, HistoryEvent earlier, HistoryEvent reader) =>
        _losses.Exists(loss =>
            Hit(loss, earlier, reader)
            && !HasHolder(
                session,
                session.Events.Where(e => IsServed(session, e) && e.InvokeNs <= loss.EndNs),
                loss,
                reader,
                mustBeReachable: reader.Has(EventFlags.Regressed)
            )
        );

    /// <summary>Whether nobody can know of an end any more.</summary>
    public bool ExcuseRevival(HistoryEvent end, HistoryEvent reader)
    {
        // Who has ended it tells the others right after that.
        var wasAnnounced = !IsRestarted(end.Node, end.CompleteNs, end.CompleteNs + _settleNs);
        return _losses.Exists(loss => Hit(loss, end, reader))
            && !_nodes.Any(node =>
                (node == end.Node || wasAnnounced)
                && !IsRestarted(node, end.CompleteNs, reader.CompleteNs)
                && IsReachable(node, reader)
            );
    }

    private static bool Hit(FaultEvent loss, HistoryEvent earlier, HistoryEvent reader) =>
        loss.StartNs <= reader.CompleteNs && loss.EndNs >= earlier.InvokeNs;

    private bool HasHolder(
        SessionHistory session,
        IEnumerable<HistoryEvent> held,
        FaultEvent loss,
        HistoryEvent reader,
        bool mustBeReachable
    )
    {
        var lost = session
            .Events.Where(e => e.Result == RequestResult.Ok && session.IsOwn(e) && e.CompleteNs < loss.StartNs)
            .Select(GenerationAfter)
            .DefaultIfEmpty()
            .Max();
        return held.Any(e =>
            e.CompleteNs < reader.CompleteNs
            && GenerationAfter(e) >= lost
            && !IsRestarted(e.Node, e.InvokeNs, reader.CompleteNs)
            && (!mustBeReachable || IsReachable(e.Node, reader))
        );
    }

    /// <summary>Under which of the session's ids the node has it when it answers.</summary>
    private static int GenerationAfter(HistoryEvent request) =>
        request.Ops.Any(op => op.Kind == OpKind.Renew) ? request.Generation + 1 : request.Generation;

    /// <summary>
    /// Whether its node had, as it answered, what the earlier request did or saw.
    /// </summary>
    private static bool Contains(SessionHistory session, HistoryEvent request, HistoryEvent earlier, FaultEvent loss)
    {
        if (!IsServed(session, request))
        {
            return false;
        }

        // Of one client each answer has what the one before had, until the store has lost it.
        var isLater = request == earlier || (request.Client == earlier.Client && earlier.Precedes(request));
        return (isLater && request.InvokeNs <= loss.EndNs)
            || earlier.Ops.Any(written =>
                written.Kind is OpKind.Append or OpKind.Set
                && CheckContext.ReadsOf(request).Any(read => read.Value == written.Value)
            );
    }

    // The request that begins a session is answered as new, and its node has it from then on.
    private static bool IsServed(SessionHistory session, HistoryEvent request) =>
        request.Result == RequestResult.Ok
        && session.IsOwn(request)
        && !request.Has(EventFlags.Regressed)
        && (
            !request.Has(EventFlags.NewSession)
            || !session.Events.Any(e => e.Result == RequestResult.Ok && session.IsOwn(e) && e.Precedes(request))
        );

    private bool IsRestarted(string node, long fromNs, long toNs) =>
        _restarts.Exists(f => f.Restarted == node && f.StartNs <= toNs && f.EndNs >= fromNs);

    private bool IsReachable(string node, HistoryEvent reader) =>
        !history.Faults.Any(f =>
            f.Target == node
            && f.Layer != FaultLayer.Store
            && f.StartNs <= reader.CompleteNs
            && (f.EndNs > long.MaxValue - _settleNs || f.EndNs + _settleNs >= reader.InvokeNs)
        );
}
