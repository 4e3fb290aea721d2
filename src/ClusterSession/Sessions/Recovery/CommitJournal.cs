using System.Collections.Concurrent;
using ClusterSession.Diagnostics;
using ClusterSession.Sessions.Copies;
using ClusterSession.Stores;
using ClusterSession.Stores.Outage;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace ClusterSession.Sessions.Recovery;

/// <summary>
/// Commits that were acknowledged and that the store does not have: because it gave no answer, or because their durability is
/// <see cref="SessionDurability.Local"/>.
/// </summary>
/// <remarks>
/// <para>
/// Kept merged per session, so that an outage costs memory by sessions and not by requests, and bounded: what does not fit is refused
/// and becomes a 503. Sending is a merge under a new version, so it may be repeated, and may meet commits of other nodes.
/// </para>
/// <para>
/// A session's later commits must not overtake pending ones: the store would have the newest version without the older changes, and
/// a copy read from it would seem complete. So the committer sends what is pending first.
/// </para>
/// <para>Thread-safe: one lock a session, held without waiting.</para>
/// </remarks>
internal sealed class CommitJournal
{
    private readonly ConcurrentDictionary<SessionKey, PendingSession> _pending = new();
    private readonly StoreGuard _store;
    private readonly LocalCopies _copies;
    private readonly HybridClock _clock;
    private readonly SessionLifetime _lifetime;
    private readonly RecentCommits _recent;
    private readonly OutageOptions _options;
    private readonly TimeProvider _time;
    private readonly ILogger<CommitJournal> _logger;
    private readonly SemaphoreSlim _work = new(0, 1);
    private int _isAwake; // 1 from the release of _work until somebody has waited for it
    private long _bytes;
    private int _count;

    public CommitJournal(
        StoreGuard store, LocalCopies copies, HybridClock clock, SessionLifetime lifetime, RecentCommits recent, IOptions<ClusterSessionOptions> options,
        TimeProvider time, ILogger<CommitJournal> logger)
    {
        _store = store;
        _copies = copies;
        _clock = clock;
        _lifetime = lifetime;
        _recent = recent;
        _options = options.Value.Outage;
        _time = time;
        _logger = logger;
        copies.IsPinned = IsPending;
    }

    /// <summary>For how many sessions commits are pending.</summary>
    public int Count => Volatile.Read(ref _count);

    /// <summary>How many bytes of sessions they hold.</summary>
    public long Bytes => Interlocked.Read(ref _bytes);

    /// <summary>When the oldest of them was acknowledged.</summary>
    public DateTimeOffset? Oldest
    {
        get
        {
            DateTimeOffset? oldest = null;
            foreach (var (_, pending) in _pending)
            {
                oldest = oldest is null || pending.Since < oldest ? pending.Since : oldest;
            }

            return oldest;
        }
    }

    public bool IsPending(SessionKey key) => _count != 0 && _pending.ContainsKey(key);

    public ICollection<SessionKey> Keys => _pending.Keys;

    /// <summary>Waits until there is something to send.</summary>
    public async Task WaitForWorkAsync(CancellationToken cancellationToken)
    {
        await _work.WaitAsync(cancellationToken).ConfigureAwait(false);
        Volatile.Write(ref _isAwake, 0);
    }

    /// <summary>There may be something to send, or the store may take it now.</summary>
    public void Wake()
    {
        if (Interlocked.Exchange(ref _isAwake, 1) == 0)
        {
            _work.Release();
        }
    }

    /// <summary>Keeps a commit.</summary>
    /// <param name="key">Which session.</param>
    /// <param name="record">What the request opened.</param>
    /// <param name="isWhole">Whether that is all of the session, as the store had it under that version.</param>
    /// <param name="delta">What it changed.</param>
    /// <param name="version">The commit's version, under which it may have reached the store. What is kept has a newer one.</param>
    /// <param name="failure">Why it is kept.</param>
    /// <returns>The session with this and everything else that is pending, or null if there is no room.</returns>
    public SessionRecord? Append(
        SessionKey key, SessionRecord record, bool isWhole, SessionDelta delta, SessionVersion version, StoreFailure failure)
    {
        var mark = _copies.Mark(key);
        while (true)
        {
            if (!_pending.TryGetValue(key, out var pending))
            {
                if (_count >= _options.JournalSessions || Bytes + record.Size > _options.JournalBytes)
                {
                    _logger.JournalFull(Count, Bytes);
                    return null;
                }

                pending = _pending.GetOrAdd(key, new PendingSession(_time.GetUtcNow()));
            }

            lock (pending)
            {
                if (pending.IsSent)
                {
                    continue;
                }

                var isFirst = pending is { Record: null, End: null };
                var opened = isWhole ? record.Version : SessionVersion.None;
                if (isFirst)
                {
                    pending.Base = opened;
                    Interlocked.Increment(ref _count);
                }
                else if (opened < pending.Base)
                {
                    // Of requests at once, one may have opened what another one's commit made, while a third one's commit, with a version between, did not
                    // arrive: attributes newer than the oldest base are what the store may lack.
                    pending.Base = opened;
                }

                var before = pending.Size;
                var known = AllThatIsKnown(key, pending.Record, record);
                var isUnsent = failure == StoreFailure.None && isWhole;
                pending.OnlyCommit = isUnsent && isFirst && ReferenceEquals(known, record) ? delta : null;
                // Two states never have one version: if the commit has reached the store, others' changes may be in what it made there.
                var changed = delta.ApplyTo(known, version, state: isUnsent ? version : _clock.Next());
                pending.Record = changed;
                Interlocked.Add(ref _bytes, changed.Size - before);
                Keep(key, changed, mark);
                if (failure != StoreFailure.None)
                {
                    _logger.CommitJournalled(failure);
                }

                Wake();
                return changed;
            }
        }
    }

    /// <summary>Keeps the end of a session; false if there is no room.</summary>
    public bool AppendEnd(SessionKey key, in SessionEnd end)
    {
        while (true)
        {
            if (_count >= _options.JournalSessions && !_pending.ContainsKey(key))
            {
                _logger.JournalFull(Count, Bytes);
                return false;
            }

            var pending = _pending.GetOrAdd(key, static (_, since) => new PendingSession(since), _time.GetUtcNow());
            lock (pending)
            {
                if (pending.IsSent)
                {
                    continue;
                }

                if (pending is { Record: null, End: null })
                {
                    Interlocked.Increment(ref _count);
                }

                Interlocked.Add(ref _bytes, -pending.Size);
                pending.Record = null;
                pending.OnlyCommit = null;
                pending.End = end with { Expected = SessionVersion.None };
                Wake();
                return true;
            }
        }
    }

    /// <summary>Whether the end of this session is pending.</summary>
    public bool HasEnded(SessionKey key) => _count != 0 && _pending.TryGetValue(key, out var pending) && pending.End is not null;

    /// <summary>Sends what is pending of one session.</summary>
    /// <returns>True if nothing is pending any more.</returns>
    public async ValueTask<bool> SendAsync(SessionKey key)
    {
        while (_pending.TryGetValue(key, out var pending))
        {
            await pending.Sending.WaitAsync().ConfigureAwait(false);
            try
            {
                SessionRecord? record;
                SessionVersion stored;
                SessionEnd? end;
                SessionDelta? only;
                lock (pending)
                {
                    (record, stored, end, only) = (pending.Record, pending.Base, pending.End, pending.OnlyCommit);
                }

                if (pending.IsSent)
                {
                    continue;
                }

                if (end is { } ended)
                {
                    if (!await SendEndAsync(key, ended).ConfigureAwait(false))
                    {
                        return false;
                    }
                }
                else if (record is not null && !await SendCommitsAsync(key, pending, record, stored, only).ConfigureAwait(false))
                {
                    return false;
                }

                Sent(key, pending, record, end);
            }
            finally
            {
                pending.Sending.Release();
            }
        }

        return true;
    }

    /// <summary>
    /// Requests at once each have a base of their own. What the others of this node have committed meanwhile is in the local copy, and where that was
    /// dropped among the recent commits; without it the new local copy would go back behind them.
    /// </summary>
    private SessionRecord AllThatIsKnown(SessionKey key, SessionRecord? pending, SessionRecord opened)
    {
        var known = pending is null || opened.Contains(pending.Version) ? opened : SessionRecord.Merge(pending, opened);
        if (_copies.TryGet(key, out var copy) && !known.Contains(copy.Record.Version))
        {
            known = SessionRecord.Merge(known, copy.Record);
        }

        return _recent.Find(key) is { } recent && !known.Contains(recent.Version) ? SessionRecord.Merge(known, recent) : known;
    }

    private async ValueTask<bool> SendEndAsync(SessionKey key, SessionEnd end)
    {
        var answer = await _store.DestroyAsync(key, end, _lifetime.TombstoneLife).ConfigureAwait(false);
        _clock.Observe(answer.Previous);
        return answer.Outcome != StoreCommitOutcome.Unavailable;
    }

    /// <summary>
    /// The ordinary case under <see cref="SessionDurability.Local"/> is one commit that has never been sent: a command with what it changed, as a request would have sent it. Of
    /// its state others may know the version already, so it may not become another state than that: where others have committed meanwhile, the record is merged.
    /// </summary>
    private async ValueTask<bool> SendCommitsAsync(SessionKey key, PendingSession pending, SessionRecord record, SessionVersion stored, SessionDelta? only)
    {
        if (only is not null)
        {
            var mark = _copies.Mark(key);
            var answer = await _store.CommitAsync(key, new SessionChange(stored, record.Version, only, [], _lifetime.StoreLife, _lifetime.LeastStoreLife, OnlyOnBase: true)).ConfigureAwait(false);
            _store.Judge(answer.Failure);
            _clock.Observe(answer.Previous);
            switch (answer.Outcome)
            {
                case StoreCommitOutcome.Committed when !answer.Lease.IsLost:
                    var isWhole = answer.Previous == stored;
                    _recent.Add(key, record, isWhole, answer.Previous);
                    Settle(key, pending, record, isWhole ? record : null, answer.Lease, mark);
                    return true;
                case StoreCommitOutcome.Unavailable:
                    return false;
            }
        }

        return await SendRecordAsync(key, pending, record, stored).ConfigureAwait(false);
    }

    private async ValueTask<bool> SendRecordAsync(SessionKey key, PendingSession pending, SessionRecord record, SessionVersion stored)
    {
        var mode = SessionCopyMode.Amend;
        while (true)
        {
            var mark = _copies.Mark(key);
            var sent = mode == SessionCopyMode.Amend ? PendingSession.Unsent(record, stored) : record;
            var version = _clock.Next();
            var copy = new SessionCopy(sent, version, mode, _lifetime.StoreLife, Base: stored);
            var answer = await _store.MergeAsync(key, copy).ConfigureAwait(false);
            _clock.Observe(answer.Previous);
            switch (answer.Outcome)
            {
                case StoreCommitOutcome.Superseded:
                case StoreCommitOutcome.Committed or StoreCommitOutcome.Unchanged when answer.Lease.IsLost:
                    continue; // In the second case another server is there by now, and a replay that has begun may have passed this by.
                case StoreCommitOutcome.Missing when mode == SessionCopyMode.Amend:
                    mode = SessionCopyMode.Restore; // The store has lost the session, or never had it.
                    continue;
                case StoreCommitOutcome.Committed:
                    var isWhole = answer.Previous == stored || answer.Previous.IsNone || answer.Previous == pending.Stored;
                    var merged = answer.Previous.IsNone ? record : new SessionDelta().ApplyTo(record, version);
                    _recent.Add(key, merged, isWhole, answer.Previous);
                    Settle(key, pending, record, isWhole ? merged : null, answer.Lease, mark);
                    return true;
                case StoreCommitOutcome.Unchanged:
                    _recent.Add(key, record, isWhole: false, answer.Previous);
                    Settle(key, pending, record, answer.Previous == record.Version ? record : null, answer.Lease, mark);
                    return true;
                case StoreCommitOutcome.Unavailable:
                    return false;
                case StoreCommitOutcome.Destroyed when answer.Successor is { } successor && record.Version < answer.Previous:
                    // Another node has changed its id, and did not know of this. What was acknowledged before goes with it.
                    _copies.Drop(key);
                    (key, stored, mode) = (successor, SessionVersion.None, SessionCopyMode.Amend);
                    continue;
                default: // Ended meanwhile, elsewhere.
                    _copies.Drop(key);
                    return true;
            }
        }
    }

    /// <summary>
    /// Brings the local copy up to what the store has now, unless it has more that is pending. Where that is not known, whatever copy is here or on its way from an earlier
    /// read is out of date: a connection's own write is not announced to it.
    /// </summary>
    private void Settle(SessionKey key, PendingSession pending, SessionRecord sent, SessionRecord? stored, SessionLease lease, int mark)
    {
        pending.Stored = stored?.Version ?? SessionVersion.None;
        if (stored is not null && _copies.TryGet(key, out var copy))
        {
            if (ReferenceEquals(copy.Record, sent))
            {
                _copies.Publish(key, stored, lease, mark, _copies.Clock.Now);
                return;
            }

            if (copy.IsFresh && copy.Record.Contains(sent.Version))
            {
                return;
            }
        }

        _copies.OnChanged(key);
    }

    private void Sent(SessionKey key, PendingSession pending, SessionRecord? record, SessionEnd? end)
    {
        lock (pending)
        {
            if (!ReferenceEquals(pending.Record, record) || pending.End != end)
            {
                return; // More came while it was sent: it goes round again.
            }

            pending.IsSent = true;
            _pending.TryRemove(new KeyValuePair<SessionKey, PendingSession>(key, pending));
            Interlocked.Decrement(ref _count);
            Interlocked.Add(ref _bytes, -pending.Size);
        }
    }

    /// <summary>The local copy has the commit at once; its lease stays what it was, since nothing was heard of the store.</summary>
    private void Keep(SessionKey key, SessionRecord changed, int mark)
    {
        var lease = SessionLease.None;
        var touchedAt = _copies.Clock.Now;
        var isStale = false;
        if (_copies.TryGet(key, out var copy))
        {
            (lease, touchedAt, isStale) = (copy.Lease, copy.TouchedAt, copy.IsStale);
        }

        var published = _copies.Publish(key, changed, lease, mark, touchedAt);
        if (isStale)
        {
            published.MarkStale();
        }
    }
}
