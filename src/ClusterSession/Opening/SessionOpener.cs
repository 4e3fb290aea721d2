using ClusterSession.Committing;
using ClusterSession.Diagnostics;
using ClusterSession.Lifetime;
using ClusterSession.Local;
using ClusterSession.Principals;
using ClusterSession.Records;
using ClusterSession.Recovery;
using ClusterSession.Revoking;
using ClusterSession.Stores;
using ClusterSession.Stores.Outage;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace ClusterSession.Opening;

/// <summary>
/// Finds the copy of a session that a request may use.
/// </summary>
/// <remarks>
/// <code>
/// local copy fresh and contains the client's commit? ------------------------------ yes: use it, nothing is asked
///   | no
/// read the store, unless it is still what the local copy is (one read for all that wait)
///   |- found, contains the client's commit ---------------------------------------- use it
///   |- found, behind the client or beside the local copy: merge the local copy in, store the result, unless that lacks what is not back yet either
///   |- missing, local copy: the store lost it: store the copy again
///   |- still behind the client, or missing too early: others may be giving it back: ask again for a while, once
///   |- still so: use what there is, flagged as regressed, never silently
///   |- idle for too long, by the life that the store has left for it: ended, here and in the store
///   |- missing, and idle for long: ended;  destroyed: ended
///   |- out of time while others may be giving it back: as without an answer, since nobody knows yet whether anything is lost
///   |- no answer within the soft timeout, and what this node has of the session contains the client's commit: use that
///   |- no answer at all, and others are known to have committed beside that, as the client may have seen: the same, flagged as regressed
///   `- else unavailable
/// found, and all sessions of its principal were ended since it became theirs -------- ended
/// </code>
/// A copy that somebody else has changed is not stored again where the store has nothing and may have lost the ends of sessions: the change may
/// have been its end. While no end can be lost, a session that is missing was evicted or deleted by hand.
/// Every step ends with the deadline of the request, and so does this loop of them. Thread-safe.
/// </remarks>
internal sealed class SessionOpener(
    SessionReads reads, LocalCopies copies, SessionRepair repair, RecentCommits recent, CommitJournal journal, StoreRecovery recovery, SessionLifetime lifetime,
    SessionExpiry expiry, Revocations revocations, SessionCommitter committer, AbsentSessions absent, IOptions<ClusterSessionOptions> options, TimeProvider time, SessionMetrics metrics, ILogger<SessionOpener> logger)
{
    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(5);
    private static readonly TimeSpan Patience = TimeSpan.FromMilliseconds(150);
    private static readonly TimeSpan PatienceWhileRecovering = TimeSpan.FromSeconds(2);
    private readonly LogRate _servedInPart = new(time);
    private readonly LogRate _regressed = new(time);
    private readonly MissedSessions _missed = new(time);

    /// <summary>The fast way: no task, no allocation, no store.</summary>
    public bool TryOpenLocal(SessionKey key, SessionVersion seen, out LocalCopy copy) =>
        copies.TryGet(key, out copy) && copy.IsFresh && IsUsable(copy) && copy.Record.Contains(seen) && revocations.Allow(copy);

    public async ValueTask<OpenedSession> OpenAsync(SessionKey key, SessionVersion seen, StoreDeadline deadline, CancellationToken cancellationToken)
    {
        var opened = await FindAsync(key, seen, deadline, cancellationToken).ConfigureAwait(false);
        return opened.Record is { } record && SessionPrincipal.IsIn(record) ? await JudgeAsync(key, opened, record, deadline).ConfigureAwait(false) : opened;
    }

    /// <summary>
    /// Whether the session was ended with all of its principal. A store that has answered is asked for the ends too, where they are not known to be current. If it does not say,
    /// those count that are known; a node that has never known any cannot say that there are none.
    /// </summary>
    private async ValueTask<OpenedSession> JudgeAsync(SessionKey key, OpenedSession opened, SessionRecord record, StoreDeadline deadline)
    {
        var hasStoreAnswered = opened.Source != SessionSource.LocalCopy;
        if (hasStoreAnswered && !await deadline.LimitAsync(revocations.EnsureCurrentAsync(), false).ConfigureAwait(false) && !revocations.HaveBeenRead)
        {
            return OpenedSession.Unavailable(StoreFailure.Unknown);
        }

        if (!revocations.HaveEnded(record))
        {
            return opened;
        }

        if (hasStoreAnswered)
        {
            logger.SessionEndedWithPrincipal();
            await committer.DestroyAsync(key, deadline).ConfigureAwait(false); // For good: the tombstone outlives the memory of why.
        }

        return OpenedSession.Ended(OpenOutcome.Destroyed);
    }

    private async ValueTask<OpenedSession> FindAsync(SessionKey key, SessionVersion seen, StoreDeadline deadline, CancellationToken cancellationToken)
    {
        if (recent.TryFindEnd(key, out var end, out var age))
        {
            return OpenedSession.Rotated(end.Successor, age); // Also while the store does not know it yet.
        }

        if (absent.TryGet(key, out var absence)
            && (absence.IsDestroyed || (!recovery.WindowOf(key).IsUnderWay && !MayBringBack(key, absence.Since))))
        {
            return OpenedSession.Ended(absence.IsDestroyed ? OpenOutcome.Destroyed : OpenOutcome.Missing, absence.IsRegressed);
        }

        committer.Observe(key, seen);
        var begun = time.GetTimestamp();
        var pause = FirstPause;
        var slowest = TimeSpan.Zero;
        while (true)
        {
            var mayGoOnWithout = FindWithoutStore(key, seen) is { IsDiverged: false };
            var askedAt = time.GetTimestamp();
            var (read, mark) = await reads.ReadAsync(key, seen, mayGoOnWithout, deadline, cancellationToken).ConfigureAwait(false);
            slowest = time.GetElapsedTime(askedAt) is var took && took > slowest ? took : slowest;
            copies.TryGet(key, out var copy);
            switch (read.Outcome)
            {
                case StoreReadOutcome.Unavailable when recent.HasEnded(key):
                    return OpenedSession.Ended(OpenOutcome.Destroyed); // Meanwhile.
                case StoreReadOutcome.Unavailable when copy is not null && expiry.IsKnownToBeIdle(copy):
                    return await ExpireAsync(key, copy.Record, deadline).ConfigureAwait(false) ?? OpenedSession.Unavailable(read.Failure);
                case StoreReadOutcome.Unavailable:
                    return WithoutStore(key, seen, read.Failure);
                case StoreReadOutcome.Destroyed:
                    copies.Drop(key);
                    return Ended(key, read);
                case StoreReadOutcome.Unchanged when copy is not { IsComplete: true }:
                    continue; // The copy it was compared with has been evicted meanwhile, or is not whole any more: read again, whole.
            }

            var isThere = read.Outcome is StoreReadOutcome.Found or StoreReadOutcome.Unchanged;
            if (isThere && (read.Record ?? copy!.Record) is var found && found.Contains(seen) && expiry.MayBeIdle(found, read.RemainingLife))
            {
                if (recent.HasEnded(key))
                {
                    return OpenedSession.Ended(OpenOutcome.Destroyed); // By a request that shared the read. Its copy has gone after that was known.
                }

                if (expiry.IsIdle(copy, found.Version, read.RemainingLife))
                {
                    if (await ExpireAsync(key, found, deadline).ConfigureAwait(false) is { } expired)
                    {
                        return expired;
                    }

                    continue; // A running request has committed meanwhile.
                }
            }

            // What is not idle by what the store says is not idle by a copy that knows of no use either.
            var usable = copy is not null && (isThere ? !lifetime.IsPastAbsoluteEnd(copy.Record) : IsUsable(copy)) ? copy : null;

            var (record, isComplete) = read.Outcome switch
            {
                StoreReadOutcome.Found when IsDiverged(key, read.Record!, usable, seen) => (read.Record, true),
                StoreReadOutcome.Found => await TakeInAsync(key, read, usable, mark, deadline).ConfigureAwait(false),
                StoreReadOutcome.Unchanged => (PublishAgain(key, copy!, read, mark).Record, true),
                _ when usable is { IsComplete: true } && !(usable.IsStale && recovery.WindowOf(key).MayHaveLostEnds) => await repair.RestoreAsync(key, usable.Record, stored: null, deadline).ConfigureAwait(false),
                _ => ((SessionRecord?)null, true),
            };
            if (record is { IsDestroyed: true })
            {
                return OpenedSession.Ended(OpenOutcome.Destroyed);
            }

            if (record is not null && lifetime.IsPastAbsoluteEnd(record))
            {
                return DropMissing(key, read, mark);
            }

            if (record is not null && record.Contains(seen))
            {
                _missed.Found(key, record);
                return OpenedSession.Opened(record, read.Outcome == StoreReadOutcome.Found ? SessionSource.Store : SessionSource.Revalidated, isComplete: isComplete);
            }

            if (record is null && ((copy is not null && !IsUsable(copy) && !recovery.WindowOf(key).IsUnderWay) || lifetime.MayHaveExpired(seen)))
            {
                return DropMissing(key, read, mark);
            }

            // Something the client has seen is not there. The store is asked again as long as its answer would come in time.
            var window = recovery.WindowOf(key);
            var isPatienceOver = IsMissed(key, seen)
                || (!window.HasJustBegun
                    && time.GetElapsedTime(begun) >= (window.IsUnderWay ? PatienceWhileRecovering : Patience));
            if (!isPatienceOver && deadline.Left - pause > slowest)
            {
                await Task.Delay(pause, time, cancellationToken).ConfigureAwait(false);
                pause *= 2;
                continue;
            }

            if (!isPatienceOver && window.HasJustBegun)
            {
                return WithoutStore(key, seen, StoreFailure.Unknown); // The store is not what it was yet.
            }

            var regressed = await RegressAsync(key, seen, record, isComplete, usable, deadline).ConfigureAwait(false);
            return Remember(key, regressed, read, mark);
        }
    }

    /// <summary>
    /// Whether this node has waited in vain for what the client has seen. Another server that has taken over since may
    /// be given it back.
    /// </summary>
    private bool IsMissed(SessionKey key, SessionVersion seen) =>
        _missed.TryGet(key, seen, out var since) && !recovery.WindowOf(key).HasBegunSince(since);

    private OpenedSession Remember(SessionKey key, in OpenedSession answer, in StoreRead read, int mark)
    {
        if (answer.Outcome == OpenOutcome.Missing && !MayBringBack(key, long.MaxValue))
        {
            absent.Missing(key, answer.IsRegressed, read.Lease, mark);
        }

        return answer;
    }

    /// <summary>Drops a copy that is of no use any more, which moves the mark by one.</summary>
    private OpenedSession DropMissing(SessionKey key, in StoreRead read, int mark)
    {
        var isUnchanged = copies.Mark(key) == mark;
        copies.Drop(key);
        var answer = OpenedSession.Ended(OpenOutcome.Missing);
        return isUnchanged ? Remember(key, answer, read, unchecked(mark + 1)) : answer;
    }

    /// <summary>Whether this node may store the session again, or has since a moment: the store tells of what others do.</summary>
    private bool MayBringBack(SessionKey key, long since) =>
        copies.TryGet(key, out _) || journal.Find(key).Record is not null || recent.Find(key)?.At >= since;

    /// <summary>An end stays one, and is remembered; only that of a rotated id leads on for a while.</summary>
    private OpenedSession Ended(SessionKey key, in StoreRead read)
    {
        var age = lifetime.AgeOfTombstone(read.RemainingLife);
        if (read.Successor is not null && age <= options.Value.RotationGrace)
        {
            return OpenedSession.Rotated(read.Successor, age);
        }

        absent.Ended(key);
        return OpenedSession.Ended(OpenOutcome.Destroyed);
    }

    private bool IsUsable(LocalCopy copy) => lifetime.IsUsable(copy.Record, copy.LastUse, copies.Clock.Now);

    /// <summary>Ends an idle session, which is then no loss; null if it is not idle any more.</summary>
    private async ValueTask<OpenedSession?> ExpireAsync(SessionKey key, SessionRecord record, StoreDeadline deadline) =>
        await expiry.TryEndAsync(key, record.Version, deadline).ConfigureAwait(false) ? OpenedSession.Ended(OpenOutcome.Missing) : null;

    /// <summary>A copy that is still what the store has. Who has prolonged it last is known only if nobody has since.</summary>
    private LocalCopy PublishAgain(SessionKey key, LocalCopy copy, in StoreRead read, int mark) => copy.IsFresh
        ? copy
        : copies.Publish(key, copy.Record, read.Lease, mark, Math.Max(copy.TouchedAt, lifetime.ProlongedAt(read.RemainingLife, copies.Clock.Now)));

    private OpenedSession WithoutStore(SessionKey key, SessionVersion seen, StoreFailure failure)
    {
        if (FindWithoutStore(key, seen) is not { } known)
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

        return OpenedSession.Opened(known.Record, SessionSource.LocalCopy, isRegressed: known.IsDiverged, known.IsComplete);
    }

    /// <summary>
    /// What this node knows of a session by itself, if the client has seen no more than that: its copy, and where that is not enough, or gone, what it has committed.
    /// </summary>
    private (SessionRecord Record, bool IsComplete, bool IsDiverged)? FindWithoutStore(SessionKey key, SessionVersion seen)
    {
        if (copies.TryGet(key, out var copy) && !IsUsable(copy))
        {
            return null; // Idle, unless another node has used it; this one has committed nothing since.
        }

        var known = copy?.Record;
        if (known is not null && copy!.IsComplete && known.Contains(seen))
        {
            return (known, true, false);
        }

        var committed = recent.Find(key);
        var pending = journal.Find(key);
        var isDiverged = committed is { IsDiverged: true } ? seen >= committed.DivergedSince : copy is { IsDiverged: true };
        known = Together(Together(known, committed?.Record, committed?.At ?? 0), pending.Record, pending.ChangedAt);
        return known is not null && known.Contains(seen) && !lifetime.IsPastAbsoluteEnd(known) ? (known, false, isDiverged) : null;
    }

    private SessionRecord? Together(SessionRecord? known, SessionRecord? committed, long committedAt)
    {
        if (committed is null || !lifetime.IsWithinIdleTime(committedAt) || known?.ContainsAllOf(committed) == true)
        {
            return known;
        }

        return known is null ? committed : SessionRecord.Merge(known, committed);
    }

    /// <summary>
    /// Whether the client's commit is this node's, and the store has lost what another node had committed before it: that must be back first. Who finds the client's commit
    /// in the store takes it for all that the client has seen.
    /// </summary>
    private bool IsDiverged(SessionKey key, SessionRecord stored, LocalCopy? copy, SessionVersion seen) =>
        copy is { IsComplete: false } && !stored.Contains(seen) && recent.Find(key) is { IsDiverged: true } commit && !stored.Contains(commit.Missing);

    /// <summary>Makes what the store has, and what only this node has, the local copy.</summary>
    private async ValueTask<(SessionRecord? Record, bool IsComplete)> TakeInAsync(SessionKey key, StoreRead read, LocalCopy? copy, int mark, StoreDeadline deadline)
    {
        var stored = read.Record!;
        if (copy is null || copy.IsContainedIn(stored))
        {
            copies.Publish(key, stored, read.Lease, mark, lifetime.ProlongedAt(read.RemainingLife, copies.Clock.Now));
            return (stored, true);
        }

        return copy.IsFresh && copy.Record.ContainsAllOf(stored)
            ? (copy.Record, true) // A commit of this node overtook the read.
            : await repair.RestoreAsync(key, copy.Record, stored, deadline).ConfigureAwait(false);
    }

    /// <summary>
    /// The client is told that something it has seen is gone. What this node has is stored again though it may lack what others committed beside it: they would have brought it
    /// back by now. Where the store has nothing, only if no end can be lost.
    /// </summary>
    private async ValueTask<OpenedSession> RegressAsync(
        SessionKey key, SessionVersion seen, SessionRecord? record, bool isComplete, LocalCopy? copy, StoreDeadline deadline)
    {
        if (copy is not null && (record is null ? !recovery.WindowOf(key).MayHaveLostEnds : !record.ContainsAllOf(copy.Record)))
        {
            (record, isComplete) = await repair.RestoreAsync(key, copy.Record, record, deadline).ConfigureAwait(false);
            if (record.IsDestroyed)
            {
                return OpenedSession.Ended(OpenOutcome.Destroyed);
            }
        }

        if (!IsMissed(key, seen))
        {
            _missed.Add(key, seen);
            metrics.Regressed.Add(1);
            if (_regressed.MayWrite(out var count))
            {
                logger.SessionRegressed(count);
            }
        }

        return record is null
            ? OpenedSession.Ended(OpenOutcome.Missing, isRegressed: true)
            : OpenedSession.Opened(record, SessionSource.Store, isRegressed: true, isComplete);
    }
}
