using ClusterSession.Lifetime;
using ClusterSession.Local;
using ClusterSession.Records;
using ClusterSession.Stores;
using ClusterSession.Stores.Outage;

namespace ClusterSession.Recovery;

/// <summary>
/// Sends what is pending of a session. A single commit that no request has sent goes as its changes
/// alone. Other commits go as a merge under a new version, so that a sending may be repeated, and
/// may meet commits of other nodes. An end goes as an end. Thread-safe: one sending of a session at
/// a time.
/// </summary>
internal sealed class JournalSender(
    CommitJournal journal,
    NodeSessions local,
    StoreGuard store,
    HybridClock clock,
    VersionIssuer versions,
    SessionLifetime lifetime,
    TimeProvider time
)
{
    private const int MaxAttempts = 8;
    private const int MaxSuccessors = 4;

    /// <summary>Sends what is pending of one session.</summary>
    /// <param name="key">Which session.</param>
    /// <param name="deadline">Until when a request waits for it, and for the request that is
    /// sending it already.</param>
    /// <returns>True if nothing is pending any more.</returns>
    public async ValueTask<bool> SendAsync(SessionKey key, StoreDeadline deadline = default)
    {
        while (local.Pending.TryGet(key, out var pending))
        {
            if (!await deadline.EnterAsync(pending.Sending).ConfigureAwait(false))
            {
                return false;
            }

            try
            {
                SessionRecord? record;
                SessionVersion madeOn;
                SessionEnd? end;
                OnlyCommit? only;
                lock (pending)
                {
                    (record, madeOn, end, only) = (pending.Record, pending.Base, pending.End, pending.OnlyCommit);
                }

                if (pending.IsClosed)
                {
                    continue;
                }

                if (record is null && end is null)
                {
                    return true; // A request is about to add its commit, which nobody was told of yet.
                }

                if (end is null && local.Ends.TryFind(key, out var known, out _))
                {
                    // Another node has ended it. Only what was acknowledged before that goes along
                    // to its next id.
                    if (
                        !journal.AppendEnd(
                            key,
                            known,
                            moveToSuccessor: record is null || record.Version < known.Version
                        )
                    )
                    {
                        return false;
                    }

                    continue;
                }

                if (end is { } ended)
                {
                    if (!await SendEndAsync(key, pending, ended, deadline).ConfigureAwait(false))
                    {
                        return false;
                    }
                }
                else if (
                    record is not null
                    && !await SendCommitsAsync(key, pending, record, madeOn, only, deadline).ConfigureAwait(false)
                )
                {
                    return false;
                }

                journal.Sent(key, pending, record, end);
            }
            finally
            {
                pending.Sending.Release();
            }
        }

        return true;
    }

    /// <summary>
    /// Sends the end of a session. If its id was changed, what others have committed before the end
    /// goes along to the successor. What was committed after the end, by somebody who has only the
    /// old id, does not.
    /// </summary>
    private async ValueTask<bool> SendEndAsync(
        SessionKey key,
        PendingSession pending,
        SessionEnd end,
        StoreDeadline deadline
    )
    {
        while (true)
        {
            var answer = await store.DestroyAsync(key, end, lifetime.TombstoneLife, deadline).ConfigureAwait(false);
            clock.Observe(answer.Previous);
            if (answer.Outcome == WriteOutcome.Unavailable)
            {
                return NotTaken(pending, answer.Failure);
            }

            if (answer.Outcome != WriteOutcome.Superseded || end.Successor is not { } successor)
            {
                local.Ends.Acknowledged(key);
                return true;
            }

            var read = await store.ReadAsync(key, SessionVersion.None, deadline).ConfigureAwait(false);
            if (read.Outcome == StoreReadOutcome.Unavailable && read.Failure != StoreFailure.Damaged)
            {
                return NotTaken(pending, read.Failure);
            }

            var expected = SessionVersion.None;
            if (!successor.IsOthers && read.Record is { } committed && committed.Version < end.Version)
            {
                if (journal.AppendCopy(successor.Key, committed, StoreFailure.None) is null)
                {
                    return false;
                }

                expected = committed.Version;
            }

            end = end with { MustBe = expected };
        }
    }

    /// <summary>
    /// The ordinary case under <see cref="SessionDurability.Local"/> is one commit that has never
    /// been sent: a command with what it changed, as a request would have sent it. Clients may have
    /// seen its version already, and no other state may have that. So it is applied to its base
    /// only: where others have committed meanwhile, the record is merged under a new version.
    /// </summary>
    private async ValueTask<bool> SendCommitsAsync(
        SessionKey key,
        PendingSession pending,
        SessionRecord record,
        SessionVersion madeOn,
        OnlyCommit? only,
        StoreDeadline deadline
    )
    {
        if (only is not null)
        {
            var mark = local.Copies.Mark(key);
            var life = lifetime.StoreLifeOf(record, only.Delta, out var least);
            if (!record.HasOwnExpiry && LifeLeftOf(key, pending, record) is var left && left < life)
            {
                (life, least) = (left, left < least ? left : least);
            }

            var change = new SessionChange(
                madeOn,
                record.Version,
                only.Delta,
                only.Forgotten,
                life,
                least,
                MustBeBase: true,
                PreviousStamp: only.Version.PreviousStamp,
                Opened: only.Opened,
                UnusedStamps: only.Version.UnusedStamps
            );
            var answer = await store.CommitAsync(key, change, deadline, out var partition).ConfigureAwait(false);
            store.Judge(partition, key, answer);

            clock.Observe(answer.Previous);
            switch (answer.Outcome)
            {
                case WriteOutcome.Committed when !answer.Lease.IsLost:
                    var isComplete = answer.Previous == madeOn;
                    local.Recent.Add(key, record, isComplete, answer.Previous);
                    Settle(key, pending, record, isComplete ? record : null, answer.Lease, mark);
                    return true;
                case WriteOutcome.Unavailable:
                    return NotTaken(pending, answer.Failure);
            }
        }

        return await SendRecordAsync(key, pending, record, madeOn, deadline).ConfigureAwait(false);
    }

    private async ValueTask<bool> SendRecordAsync(
        SessionKey key,
        PendingSession pending,
        SessionRecord record,
        SessionVersion madeOn,
        StoreDeadline deadline
    )
    {
        var mode = MergeMode.Amend;
        var above = record.Version;
        var successors = 0;
        for (var attempt = 0; attempt < MaxAttempts; attempt++)
        {
            var mark = local.Copies.Mark(key);
            var isPartial =
                mode == MergeMode.Amend && !madeOn.IsNone && !pending.HasForgotten && !Tombstones.AreMany(record);
            var sent = isPartial ? PendingSession.Unsent(record, madeOn) : record;
            var issued = versions.Next(key, above);
            var version = issued with
            {
                UnusedStamps = (byte[])[.. issued.UnusedStamps.Span, .. pending.Attempted.Span],
            };
            var copy = new SessionMerge(
                sent,
                version.Version,
                mode,
                LifeLeftOf(key, pending, record),
                MustContain: madeOn,
                PreviousStamp: version.PreviousStamp,
                IsPartial: isPartial,
                UnusedStamps: version.UnusedStamps
            );
            var answer = await store.MergeAsync(key, copy, deadline).ConfigureAwait(false);
            clock.Observe(answer.Previous);
            if (answer.MayHaveHappened)
            {
                pending.Attempted = CommitIntervals.Of(version);
            }
            else
            {
                versions.Withdraw(key, issued);
            }

            switch (answer.Outcome)
            {
                case WriteOutcome.Superseded when VersionIssuer.AreStampsRunningOut(answer.Previous):
                    return NotTaken(pending, StoreFailure.Damaged);
                case WriteOutcome.Superseded:
                    above = answer.Previous > above ? answer.Previous : above;
                    continue;
                case WriteOutcome.Committed or WriteOutcome.Unchanged when answer.Lease.IsLost:
                    continue; // Another server is there by now, and a replay that has begun may have passed this by.
                case WriteOutcome.Missing when mode == MergeMode.Amend:
                    mode = MergeMode.Restore; // It has no record, or one that lacks the base.
                    continue;
                case WriteOutcome.Committed:
                    var isComplete =
                        answer.Previous == madeOn || answer.Previous.IsNone || answer.Previous == pending.Stored;
                    versions.Withdraw(key, issued, answer.Previous.IsNone); // Stored as it is, under its own version.
                    var merged = answer.Previous.IsNone ? record : new SessionDelta().ApplyTo(record, version);
                    if (answer.Previous.IsNone)
                    {
                        local.Recovered(key, merged, isComplete, answer.Previous);
                    }
                    else
                    {
                        local.Recent.Add(key, merged, isComplete, answer.Previous);
                    }

                    Settle(key, pending, record, isComplete ? merged : null, answer.Lease, mark);
                    return true;
                case WriteOutcome.Unchanged:
                    local.Recent.Add(key, record, isComplete: false, answer.Previous);
                    Settle(key, pending, record, answer.Previous == record.Version ? record : null, answer.Lease, mark);
                    return true;
                case WriteOutcome.Unavailable:
                    return NotTaken(pending, answer.Failure);
                case WriteOutcome.Destroyed
                    when successors++ < MaxSuccessors
                        && answer.Successor is { IsOthers: false } successor
                        && record.Version < answer.Previous:
                    // Another node has changed its id, and did not know of this. What was
                    // acknowledged before goes with it.
                    local.Copies.Drop(key);
                    (key, madeOn, mode) = (successor.Key, SessionVersion.None, MergeMode.Amend);
                    pending.Attempted = default; // Those were stamps of the former key.
                    continue;
                default: // Ended meanwhile, elsewhere, or expired.
                    local.Copies.Drop(key);
                    return true;
            }
        }

        // A server that answers and is lost each time, or a crowd of others: it stays here, and is
        // sent later.
        return false;
    }

    private bool NotTaken(PendingSession pending, StoreFailure failure)
    {
        (pending.Refusal, pending.RefusedAt) = (failure, time.GetTimestamp());
        return false;
    }

    /// <summary>
    /// Brings the local copy up to what the store has now, unless it has more that is pending.
    /// Where that is not known, whatever copy is here or on its way from an earlier read is out of
    /// date: a connection's own write is not announced to it.
    /// </summary>
    private void Settle(
        SessionKey key,
        PendingSession pending,
        SessionRecord sent,
        SessionRecord? nowStored,
        SessionLease lease,
        int mark
    )
    {
        pending.Stored = nowStored?.Version ?? SessionVersion.None;
        if (nowStored is not null && local.Copies.TryGet(key, out var copy))
        {
            if (ReferenceEquals(copy.Record, sent))
            {
                local.Copies.Publish(key, nowStored, lease, mark, copy.LastUse);
                return;
            }

            if (copy.IsFresh && copy.Record.Contains(sent.Version))
            {
                return;
            }
        }

        local.Copies.OnChanged(key);
    }

    /// <summary>
    /// The life that a session has left. A commit may have waited here for long, and the waiting is
    /// no use of its session.
    /// </summary>
    private TimeSpan LifeLeftOf(SessionKey key, PendingSession pending, SessionRecord record)
    {
        var changedAt = local.Copies.Clock.At(pending.ChangedAt);
        return lifetime.LifeLeft(
            record,
            local.Copies.TryGet(key, out var copy) ? Math.Max(copy.LastUse, changedAt) : changedAt,
            local.Copies.Clock.Now
        );
    }
}
