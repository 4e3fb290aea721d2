using System.Collections.Concurrent;
using ClusterSession.Diagnostics;
using ClusterSession.Lifetime;
using ClusterSession.Records;
using ClusterSession.Signals;
using ClusterSession.Stores;
using ClusterSession.Stores.Outage;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace ClusterSession.Local;

/// <summary>
/// Commits that were acknowledged and that the store does not have: because it did not respond or
/// refused, or because their durability is <see cref="SessionDurability.Local"/>.
/// </summary>
/// <remarks>
/// <para>
/// Commits are kept merged per session, so that an outage costs memory by sessions and not by
/// requests. They are bounded: a commit that does not fit is refused and becomes a 503. Sending is
/// a merge under a new version, unless one commit alone is pending (<see cref="OnlyCommit"/>).
/// Either may be repeated, and may meet commits of other nodes.
/// </para>
/// <para>
/// A session's later commits must not overtake pending ones: the store would have the newest
/// version without the older changes, and a copy read from it would seem complete. So the committer
/// sends what is pending first.
/// </para>
/// <para>Thread-safe: one lock a session, held without waiting.</para>
/// </remarks>
internal sealed class CommitJournal(
    NodeSessions local,
    VersionIssuer versions,
    IOptions<ClusterSessionOptions> options,
    TimeProvider time,
    ILogger<CommitJournal> logger
)
{
    private readonly PendingSessions _pending = local.Pending;
    private readonly LocalCopies _copies = local.Copies;
    private readonly OutageOptions _options = options.Value.Outage;
    private readonly LogRate _full = new(time);
    private readonly WorkSignal _work = new();

    /// <summary>Waits until there is something to send.</summary>
    public Task WaitForWorkAsync(CancellationToken cancellationToken) => _work.WaitAsync(cancellationToken);

    /// <summary>There may be something to send, or the store may take it now.</summary>
    public void Wake() => _work.Set();

    /// <summary>Keeps a commit.</summary>
    /// <param name="key">Which session.</param>
    /// <param name="record">What the request opened.</param>
    /// <param name="isComplete">Whether that is all of the session, as the store had it under that
    /// version.</param>
    /// <param name="delta">What it changed.</param>
    /// <param name="version">
    /// The commit's version, under which it may have reached the store. The attributes that it
    /// wrote keep this version. The state that is kept gets a newer one, unless the commit was
    /// never sent and nothing newer is known.
    /// </param>
    /// <param name="failure">Why it is kept.</param>
    /// <returns>The session with this and everything else that is pending, or null if there is no
    /// room.</returns>
    public SessionRecord? Append(
        SessionKey key,
        SessionRecord record,
        bool isComplete,
        SessionDelta delta,
        IssuedVersion version,
        StoreFailure failure
    ) => Append(key, record, isComplete, delta, version, failure, failure.IsUncertain(), out _);

    /// <summary>Keeps a commit of which the caller knows whether the store may have it.</summary>
    /// <param name="key">Which session.</param>
    /// <param name="record">What the request opened.</param>
    /// <param name="isComplete">Whether that is all of the session, as the store had it under that
    /// version.</param>
    /// <param name="delta">What it changed.</param>
    /// <param name="version">The commit's version, under which it may have reached the
    /// store.</param>
    /// <param name="failure">Why it is kept.</param>
    /// <param name="mayBeStored">Whether the store may have it already: then it is kept whatever
    /// its size.</param>
    /// <param name="isTooLarge">Whether it is not kept because the session would become too
    /// large.</param>
    public SessionRecord? Append(
        SessionKey key,
        SessionRecord record,
        bool isComplete,
        SessionDelta delta,
        IssuedVersion version,
        StoreFailure failure,
        bool mayBeStored,
        out bool isTooLarge
    )
    {
        isTooLarge = false;
        var mark = _copies.Mark(key);
        while (true)
        {
            if (!_pending.TryGet(key, out var pending))
            {
                if (_pending.Count >= _options.JournalSessions || _pending.Bytes + record.Size > _options.JournalBytes)
                {
                    LogFull();
                    return null;
                }

                pending = _pending.GetOrAdd(key, time.GetUtcNow());
            }

            lock (pending)
            {
                if (pending.IsClosed)
                {
                    continue;
                }

                var isFirst = pending is { Record: null, End: null };
                var known = AllThatIsKnown(key, pending.Record, record);
                if (!mayBeStored && delta.MakeTooLarge(known, options.Value.MaxSessionBytes))
                {
                    isTooLarge = true; // Together with what concurrent requests have left here.
                    if (isFirst)
                    {
                        pending.IsClosed = true; // Begun for this commit alone, which is refused.
                        _pending.CountOne(); // Remove counts it down, and it was not counted yet.
                        _pending.Remove(key, pending);
                    }

                    return null;
                }

                var opened = isComplete ? record.Version : SessionVersion.None;
                if (isFirst)
                {
                    pending.Base = opened;
                    _pending.CountOne();
                }
                else if (opened < pending.Base)
                {
                    // Commits 1, 2 and 3, by their versions: 2 was stored, 3, which was made on 2,
                    // is pending, and now comes 1, which did not reach the store. So the store
                    // lacks attributes older than the base of 3: it may lack all that are newer
                    // than the oldest base.
                    pending.Base = opened;
                }

                var before = pending.Size;
                // Of concurrent requests, the one that was given its version first may come here
                // last.
                var isUnsent = failure == StoreFailure.None && isComplete && version.Version > known.Version;
                var forgotten = Tombstones.ToForget(known, delta);
                pending.HasForgotten |= forgotten.Count > 0;
                pending.OnlyCommit =
                    isUnsent && isFirst && ReferenceEquals(known, record)
                        ? new OnlyCommit(delta, version, record, forgotten)
                        : null;
                // Two states never have one version. If the commit has reached the store, the state
                // that the store made of it may have others' changes. If a newer state is kept
                // already, this one must be newer than that.
                var changed = delta.ApplyTo(
                    known,
                    version,
                    state: isUnsent ? version : versions.Next(key, known.Version),
                    forgotten
                );
                pending.Record = changed;
                pending.ChangedAt = time.GetTimestamp();
                _pending.AddBytes(changed.Size - before);
                Keep(key, changed, isComplete, mark);
                if (failure != StoreFailure.None)
                {
                    logger.CommitJournalled(failure);
                }

                Wake();
                return changed;
            }
        }
    }

    /// <summary>Keeps a copy that the store may lack, under a newer version than its own.</summary>
    /// <param name="key">Which session.</param>
    /// <param name="record">The copy; its own version is among its commits.</param>
    /// <param name="failure">Why it is kept.</param>
    /// <param name="attempted">The version under which it was sent, if it may be stored under
    /// that.</param>
    /// <returns>The session with this and everything else that is pending, or null if there is no
    /// room.</returns>
    public SessionRecord? AppendCopy(
        SessionKey key,
        SessionRecord record,
        StoreFailure failure,
        IssuedVersion attempted = default
    )
    {
        // Under that version only this copy was sent, so the record may claim it.
        var intervals = attempted.Version.IsNone ? default : CommitIntervals.Of(attempted);
        return Append(
            key,
            record,
            isComplete: false,
            new SessionDelta(),
            new IssuedVersion(record.Version, IssuedVersion.Unknown, intervals),
            failure
        );
    }

    private void LogFull()
    {
        if (_full.MayWrite(out var count))
        {
            logger.JournalFull(_pending.Count, _pending.Bytes, count);
        }
    }

    /// <summary>Keeps the end of a session; false if there is no room.</summary>
    /// <param name="key">Which session.</param>
    /// <param name="end">The end.</param>
    /// <param name="moveToSuccessor">
    /// Whether the pending commits of a rotated session are kept under its successor's key; else
    /// they are dropped.
    /// </param>
    public bool AppendEnd(SessionKey key, in SessionEnd end, bool moveToSuccessor = true)
    {
        while (true)
        {
            if (_pending.Count >= _options.JournalSessions && !_pending.Contains(key))
            {
                LogFull();
                return false;
            }

            var pending = _pending.GetOrAdd(key, time.GetUtcNow());
            lock (pending)
            {
                if (pending.IsClosed)
                {
                    continue;
                }

                if (
                    moveToSuccessor
                    && end.Successor is { IsOthers: false } successor
                    && pending.Record is { } unsent
                    && AppendCopy(successor.Key, unsent, StoreFailure.None) is null
                )
                {
                    return false;
                }

                if (pending is { Record: null, End: null })
                {
                    _pending.CountOne();
                }

                _pending.AddBytes(-pending.Size);
                pending.Record = null;
                pending.OnlyCommit = null;
                pending.End = end.Successor is null ? end with { MustBe = SessionVersion.None } : end;
                Wake();
                return true;
            }
        }
    }

    /// <summary>
    /// All that was pending of a session has been sent, unless more has come meanwhile.
    /// </summary>
    public void Sent(SessionKey key, PendingSession pending, SessionRecord? record, SessionEnd? end)
    {
        lock (pending)
        {
            if (
                ReferenceEquals(pending.Record, record)
                && pending.End == end
                && (record is not null || end is not null)
            )
            {
                pending.IsClosed = true;
                _pending.Remove(key, pending);
            }
        }
    }

    /// <summary>
    /// What the request opened, with what is pending and with concurrent commits of this node:
    /// concurrent requests each have a base of their own.
    /// </summary>
    private SessionRecord AllThatIsKnown(SessionKey key, SessionRecord? pending, SessionRecord opened) =>
        local.WithCommitsBeside(
            key,
            pending is null || opened.ContainsAllOf(pending) ? opened : SessionRecord.Merge(pending, opened)
        );

    /// <summary>
    /// The local copy has the commit at once; its lease stays what it was, since nothing was heard
    /// of the store.
    /// </summary>
    private void Keep(SessionKey key, SessionRecord changed, bool isComplete, int mark)
    {
        var lease = SessionLease.None;
        var touchedAt = _copies.Clock.Now;
        var isNotCurrent = false;
        var hasCopy = _copies.TryGet(key, out var copy);
        if (!(hasCopy ? copy.IsComplete : isComplete))
        {
            _copies.PutIncomplete(key, changed, isCommit: true);
            return;
        }

        if (hasCopy)
        {
            (lease, touchedAt, isNotCurrent) = (copy.Lease, copy.TouchedAt, !copy.IsCurrent);
        }

        var published = _copies.Publish(key, changed, lease, mark, touchedAt);
        published.UsedAt = _copies.Clock.Now; // The store has not been told; a touch, or the sending of this, does.
        if (isNotCurrent)
        {
            published.MarkStale();
        }
    }
}
