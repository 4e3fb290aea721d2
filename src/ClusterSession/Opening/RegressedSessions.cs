using ClusterSession.Asking;
using ClusterSession.Diagnostics;
using ClusterSession.Local;
using ClusterSession.Records;
using ClusterSession.Recovery;
using Microsoft.Extensions.Logging;

namespace ClusterSession.Opening;

/// <summary>
/// Sessions of which something that a client has seen is gone. Such a session goes on with what
/// there is, flagged for the application. A loss is counted once a minute (<see
/// cref="MissedCommits"/>): until then the requests of that client do not wait for the commit
/// again, and are not refused for it. Thread-safe.
/// </summary>
internal sealed class RegressedSessions(
    NodeSessions local,
    SessionRepair repair,
    StoreRecovery recovery,
    SessionAsks asks,
    TimeProvider time,
    SessionMetrics metrics,
    ILogger<RegressedSessions> logger
)
{
    private readonly LogRate _regressed = new(time);

    /// <summary>
    /// Whether this node has waited in vain for what the client has seen. That does not count any
    /// more where another server has taken over since, to which nodes may replay it, or where a
    /// node has come that may have it.
    /// </summary>
    public bool IsMissed(SessionKey key, SessionVersion seen) =>
        local.Missed.TryGet(key, seen, out var since)
        && !recovery.WindowOf(key).HasBegunSince(since)
        && !asks.MayFindMoreSince(since);

    /// <summary>
    /// Whether an earlier request has asked the nodes for the commit, and all have answered: asking
    /// again would find the same.
    /// </summary>
    public bool IsDecided(SessionKey key, SessionVersion seen) =>
        IsMissed(key, seen) && local.Missed.IsDecided(key, seen);

    /// <summary>
    /// Goes on with what there is. What this node has is stored again. It may lack concurrent
    /// commits of other nodes, but those would have stored their commits again by now. Where the
    /// store has nothing, this node's copy is stored only if the store cannot have lost its end.
    /// </summary>
    public async ValueTask<OpenedSession> GoOnAsync(SessionSearch search, TakenAnswer taken)
    {
        var (key, seen) = (search.Key, search.Seen);
        var (record, isComplete) = (taken.Record, taken.IsComplete);
        if (
            taken.UsableCopy is { } copy
            && (record is null ? !recovery.WindowOf(key).MayHaveLostEnds : !record.ContainsAllOf(copy.Record))
        )
        {
            (record, isComplete) = await repair
                .RecoverAsync(key, copy.Record, record, search.Deadline)
                .ConfigureAwait(false);
            if (record.IsDestroyed)
            {
                return OpenedSession.None(OpenOutcome.Destroyed);
            }
        }

        if (!IsMissed(key, seen))
        {
            Count();
        }

        if (!IsDecided(key, seen))
        {
            var isDecided = search.Asked is AskResult.Nobody or AskResult.MayNotRestore or AskResult.Restored;
            local.Missed.Add(key, seen, isDecided);
        }

        return record is null
            ? OpenedSession.None(OpenOutcome.Missing, isRegressed: true)
            : OpenedSession.Opened(record, SessionSource.Store, isRegressed: true, isComplete);
    }

    private void Count()
    {
        metrics.Regressed.Add(1);
        if (_regressed.MayWrite(out var count))
        {
            logger.SessionRegressed(count);
        }
    }
}
