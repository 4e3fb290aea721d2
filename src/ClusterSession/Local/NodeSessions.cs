using ClusterSession.Lifetime;
using ClusterSession.Records;
using ClusterSession.Stores;

namespace ClusterSession.Local;

/// <summary>
/// What this node knows of sessions, behind one door: its copies, what it has committed and ended
/// lately, what the store does not have yet, and which sessions are known to be gone. It never asks
/// the store.
/// </summary>
/// <remarks>
/// <code>
/// Copies    the sessions in memory, and how much of each that is (CopyState)
/// Recent    commits of this node that a store which takes over may lack
/// Ends      sessions that were ended, by any node
/// Pending   what was acknowledged and the store does not have
/// Absent    sessions that the store is known not to have
/// Missed    commits that a client has seen, and that nobody has brought back of late
/// </code>
/// What must look at more than one of them is here, so that it is said once. Thread-safe.
/// </remarks>
internal sealed class NodeSessions(
    LocalCopies copies,
    RecentCommits recent,
    KnownEnds ends,
    PendingSessions pending,
    AbsentSessions absent,
    MissedCommits missed,
    SessionLifetime lifetime
)
{
    public LocalCopies Copies => copies;

    public RecentCommits Recent => recent;

    public KnownEnds Ends => ends;

    public PendingSessions Pending => pending;

    public AbsentSessions Absent => absent;

    public MissedCommits Missed => missed;

    /// <summary>Somebody else has changed, touched or ended a session.</summary>
    public void OnChanged(SessionKey key)
    {
        copies.OnChanged(key);
        recent.OnChanged(key);
        absent.OnChanged(key); // After the mark has moved.
    }

    /// <summary>Puts the record that the store has here, as the local copy.</summary>
    /// <param name="key">Which session.</param>
    /// <param name="read">The answer, which has a record.</param>
    /// <param name="mark">The mark that was taken before the store was asked.</param>
    /// <returns>The copy that this node has now.</returns>
    public LocalCopy Publish(SessionKey key, in StoreRead read, int mark) =>
        copies.Publish(key, read.Record!, read.Lease, mark, lifetime.ProlongedAt(read.RemainingLife, copies.Clock.Now));

    /// <summary>
    /// The store has the version of a copy: the copy gets the lease of that answer, unless it is
    /// fresh. This node stays known as the last to prolong the session only if nobody has prolonged
    /// it since.
    /// </summary>
    /// <param name="key">Which session.</param>
    /// <param name="copy">The copy, which is complete.</param>
    /// <param name="read">The answer, which has no record.</param>
    /// <param name="mark">The mark that was taken before the store was asked.</param>
    /// <returns>The copy that this node has now.</returns>
    public LocalCopy Confirm(SessionKey key, LocalCopy copy, in StoreRead read, int mark)
    {
        var prolongedAt = Math.Max(copy.TouchedAt, lifetime.ProlongedAt(read.RemainingLife, copies.Clock.Now));
        return copy.IsFresh ? copy : copies.Publish(key, copy.Record, read.Lease, mark, prolongedAt);
    }

    /// <summary>This node has ended a session, or knows that it will.</summary>
    public void End(SessionKey key, in SessionEnd end)
    {
        ends.Add(key, end);
        Drop(key);
    }

    /// <summary>
    /// Another node has ended a session, which is known by now: nothing of it is used or replayed
    /// any more. What this node has brought back meanwhile is ended again.
    /// </summary>
    public void OnEnded(SessionKey key)
    {
        if (Drop(key) is { IsRecovered: true })
        {
            ends.EndAgain(key);
        }
    }

    /// <summary>
    /// This node has repaired or restored a session in the store. One that is known to be ended by
    /// now is ended again: whichever comes first, the end or this, the end stays.
    /// </summary>
    /// <returns>What this node has committed lately to the session, this included.</returns>
    public RecentCommit Recovered(SessionKey key, SessionRecord record, bool isComplete, SessionVersion previous)
    {
        var known = recent.Add(key, record, isComplete, previous, isRecovered: true);
        if (ends.Contains(key))
        {
            EndAgain(key);
        }

        return known;
    }

    /// <summary>Ends a session again that the store has although it is known to be ended.</summary>
    public void EndAgain(SessionKey key)
    {
        Drop(key);
        ends.EndAgain(key);
    }

    /// <summary>
    /// Whether a copy is within the idle timeout, and before the absolute end, by what this node
    /// knows.
    /// </summary>
    public bool IsUsable(LocalCopy copy) => lifetime.IsUsable(copy.Record, copy.LastUse, copies.Clock.Now);

    /// <summary>
    /// Whether this node has something of the session that it may store again, or has had a commit
    /// or copy of it acknowledged since the given timestamp.
    /// </summary>
    public bool MayBringBack(SessionKey key, long since) =>
        copies.TryGet(key, out _) || pending.Find(key).Record is not null || recent.Find(key)?.At >= since;

    /// <summary>
    /// What this node knows of a session by itself, if the client has seen no more than that: its
    /// copy, and where that is not enough, or gone, what it has committed.
    /// </summary>
    public KnownSession? Find(SessionKey key, SessionVersion seen)
    {
        if (copies.TryGet(key, out var copy) && !IsUsable(copy))
        {
            return null; // Idle, unless another node has used it; this one has committed nothing since.
        }

        var known = copy?.Record;
        if (known is not null && copy!.IsComplete && known.Contains(seen))
        {
            return new KnownSession(known, copy.State);
        }

        var committed = recent.Find(key);
        var unsent = pending.Find(key);
        var isDiverged = committed is { IsDiverged: true }
            ? seen >= committed.DivergedSince
            : copy is { IsDiverged: true };
        known = Together(Together(known, committed?.Record, committed?.At ?? 0), unsent.Record, unsent.ChangedAt);
        return known is not null && known.Contains(seen) && !lifetime.IsPastAbsoluteEnd(known)
            ? new KnownSession(known, isDiverged ? CopyState.Diverged : CopyState.Incomplete)
            : null;
    }

    /// <summary>
    /// A record with the concurrent commits of other requests of this node. They are in the local
    /// copy, and where that is gone among the recent commits. A copy without them would be behind.
    /// </summary>
    public SessionRecord WithCommitsBeside(SessionKey key, SessionRecord record)
    {
        var known =
            copies.TryGet(key, out var copy) && !copy.IsContainedIn(record)
                ? SessionRecord.Merge(record, copy.Record)
                : record;
        return recent.Find(key)?.Record is { } committed && !known.ContainsAllOf(committed)
            ? SessionRecord.Merge(known, committed)
            : known;
    }

    /// <summary>
    /// Whether the client has seen a commit that the store lacks, and that this node made on
    /// another node's commit, which the store lacks too. The other node must replay its commit
    /// first: once the store has the client's commit, every node takes the record for all that the
    /// client has seen, though the other node's commit is still missing.
    /// </summary>
    public bool MustWaitForOthers(SessionKey key, SessionRecord stored, LocalCopy? copy, SessionVersion seen) =>
        copy is { IsComplete: false }
        && !stored.Contains(seen)
        && recent.Find(key) is { IsDiverged: true } commit
        && !stored.Contains(commit.LackedVersion);

    private RecentCommit? Drop(SessionKey key)
    {
        copies.Drop(key);
        return recent.Remove(key);
    }

    private SessionRecord? Together(SessionRecord? known, SessionRecord? committed, long committedAt)
    {
        if (committed is null || !lifetime.IsWithinIdleTime(committedAt) || known?.ContainsAllOf(committed) == true)
        {
            return known;
        }

        return known is null ? committed : SessionRecord.Merge(known, committed);
    }
}
