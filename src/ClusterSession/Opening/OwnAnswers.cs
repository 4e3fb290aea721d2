using ClusterSession.Asking;
using ClusterSession.Diagnostics;
using ClusterSession.Lifetime;
using ClusterSession.Local;
using ClusterSession.Records;
using ClusterSession.Recovery;
using ClusterSession.Stores;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace ClusterSession.Opening;

/// <summary>
/// The answers that this node gives by what it knows itself: for sessions that are gone, and while
/// the store does not respond. Remembers which sessions were found to be gone, so that the next
/// request for one costs no network. Thread-safe.
/// </summary>
internal sealed class OwnAnswers(
    NodeSessions local,
    StoreRecovery recovery,
    SessionLifetime lifetime,
    SessionAsks asks,
    IOptions<ClusterSessionOptions> options,
    TimeProvider time,
    SessionMetrics metrics,
    ILogger<OwnAnswers> logger
)
{
    private readonly LogRate _servedInPart = new(time);

    /// <summary>
    /// Answers for a session that has ended, also while the store does not know it yet, or that is
    /// remembered as absent and cannot have come back; null for any other.
    /// </summary>
    public OpenedSession? Gone(SessionKey key) =>
        local.Ends.Contains(key) ? KnownEnd(key)
        : !local.Absent.TryGet(key, out var absence) ? null
        : absence.HasEnded ? OpenedSession.None(OpenOutcome.Destroyed, absence.IsRegressed)
        : MayHaveComeBack(key, absence.Since) ? null
        : OpenedSession.None(OpenOutcome.Missing, absence.IsRegressed);

    /// <summary>Answers for a session whose end this node knows.</summary>
    public OpenedSession KnownEnd(SessionKey key)
    {
        local.Ends.TryFind(key, out var end, out var age);
        return OpenedSession.Ended(end.Successor, age); // SuccessorFinder looks at the grace.
    }

    /// <summary>
    /// Answers for a session that another node says has ended: the store has not taken its end yet.
    /// </summary>
    public OpenedSession EndedElsewhere(SessionKey key)
    {
        local.Copies.Drop(key);
        local.Absent.Ended(key);
        return OpenedSession.None(OpenOutcome.Destroyed);
    }

    /// <summary>
    /// Answers for a session that the store has as ended. During
    /// <see cref="ClusterSessionOptions.RotationGrace"/> the end of a rotated id leads to its
    /// successor. After that it is remembered as absent, like every other end.
    /// </summary>
    public OpenedSession Ended(SessionKey key, in StoreRead read)
    {
        local.Copies.Drop(key);
        var age = lifetime.AgeOfTombstone(read.RemainingLife);
        if (read.Successor is not null && age <= options.Value.RotationGrace)
        {
            return OpenedSession.Ended(read.Successor, age);
        }

        local.Absent.Ended(key);
        return OpenedSession.None(OpenOutcome.Destroyed);
    }

    /// <summary>Answers for a session that has expired: one that is missing, or one that is there
    /// and past its absolute end.</summary>
    /// <param name="key">Which session.</param>
    /// <param name="lease">The lease of the store's answer.</param>
    /// <param name="mark">The mark that was taken before the store was asked.</param>
    public OpenedSession Expired(SessionKey key, SessionLease lease, int mark)
    {
        var isUnchanged = local.Copies.Mark(key) == mark;
        local.Copies.Drop(key); // Which moves the mark by one.
        var answer = OpenedSession.None(OpenOutcome.Missing);
        if (isUnchanged)
        {
            Remember(key, answer, lease, unchecked(mark + 1));
        }

        return answer;
    }

    /// <summary>
    /// Remembers that a session is missing, if that is the answer, and this node has nothing of it
    /// that it may bring back.
    /// </summary>
    public void Remember(SessionKey key, in OpenedSession answer, SessionLease lease, int mark)
    {
        if (answer.Outcome == OpenOutcome.Missing && !local.MayBringBack(key, long.MaxValue))
        {
            local.Absent.Missing(key, answer.IsRegressed, lease, mark);
        }
    }

    /// <summary>
    /// Answers with what this node knows, if the client has seen no more than that; else the
    /// session is unavailable.
    /// </summary>
    public OpenedSession WithoutStore(SessionKey key, SessionVersion seen, StoreFailure failure)
    {
        if (local.Find(key, seen) is not { } known)
        {
            return OpenedSession.Unavailable(failure);
        }

        if (known.IsDiverged)
        {
            metrics.Regressed.Add(1);
            if (_servedInPart.MayWrite(out var count))
            {
                logger.SessionServedInPart(failure, count);
            }
        }

        return OpenedSession.Opened(known.Record, SessionSource.LocalCopy, known.IsDiverged, known.IsComplete);
    }

    private bool MayHaveComeBack(SessionKey key, long since) =>
        recovery.WindowOf(key).IsUnderWay || local.MayBringBack(key, since) || asks.MayFindMoreSince(since);
}
