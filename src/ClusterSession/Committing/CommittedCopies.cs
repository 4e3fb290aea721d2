using ClusterSession.Diagnostics;
using ClusterSession.Local;
using ClusterSession.Records;
using ClusterSession.Recovery;
using ClusterSession.Stores;

namespace ClusterSession.Committing;

/// <summary>
/// Brings this node's copy up to what the store has after a commit. Thread-safe.
/// </summary>
/// <remarks>
/// <para>
/// After a commit whose base was still the stored version, base plus changes is what the store has,
/// and becomes the local copy. Otherwise others committed in between: the commit stands, but a copy
/// made of this base would have the newest version and lack their changes, so the local copy is
/// read anew before it serves again.
/// </para>
/// <para>
/// A commit that was acknowledged over a connection which is gone by now goes to the journal: a
/// replay that began when that connection was lost may have gone through the recent commits before
/// this one was among them.
/// </para>
/// </remarks>
internal sealed class CommittedCopies(
    NodeSessions local,
    PendingCommits pendingCommits,
    SessionRepair repair,
    SessionMetrics metrics
)
{
    /// <summary>
    /// Takes in a commit that the store has acknowledged: counts it, remembers it for a replay, and
    /// puts it here as the local copy.
    /// </summary>
    /// <param name="key">Which session.</param>
    /// <param name="changed">The base of the commit, with its changes.</param>
    /// <param name="answer">The store's answer: committed.</param>
    /// <param name="isComplete">Whether that is all that the store has.</param>
    /// <param name="mark">The mark that was taken before the commit was sent.</param>
    public CommitResult Publish(SessionKey key, SessionRecord changed, in StoreWrite answer, bool isComplete, int mark)
    {
        var known = local.Recent.Add(key, changed, isComplete, answer.Previous);
        metrics.Committed.Add(1);
        if (answer.Lease.IsLost)
        {
            return pendingCommits.KeepCopy(key, changed, StoreFailure.None);
        }

        if (known.IsComplete)
        {
            local.Copies.Publish(key, known.Record, answer.Lease, mark, local.Copies.Clock.Now, isCommit: true);
            return known.Record.Version == changed.Version
                ? CommitResult.Committed(known.Record, isComplete: true)
                // The answer to a later commit came first; this request's cookie names its own.
                : CommitResult.Committed(changed, isComplete: false);
        }

        // Read anew at once, not by the next request: the store may not respond to that one. If it
        // does not respond now either, this node goes on with what it has.
        local.Copies.PutIncomplete(key, known.Record, known.IsDiverged, isCommit: true);
        _ = repair.ReadAnewAsync(key);
        return CommitResult.Committed(changed, isComplete: false);
    }
}
