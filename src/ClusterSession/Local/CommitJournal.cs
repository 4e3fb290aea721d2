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
internal sealed partial class CommitJournal
{
    private readonly ConcurrentDictionary<SessionKey, PendingSession> _pending = new();
    private readonly StoreGuard _store;
    private readonly LocalCopies _copies;
    private readonly HybridClock _clock;
    private readonly VersionIssuer _versions;
    private readonly SessionLifetime _lifetime;
    private readonly RecentCommits _recent;
    private readonly OutageOptions _options;
    private readonly TimeProvider _time;
    private readonly ILogger<CommitJournal> _logger;
    private readonly LogRate _full;
    private readonly WorkSignal _work = new();
    private long _bytes;
    private int _count;

    public CommitJournal(
        StoreGuard store, LocalCopies copies, HybridClock clock, VersionIssuer versions, SessionLifetime lifetime,
        RecentCommits recent, IOptions<ClusterSessionOptions> options, TimeProvider time, ILogger<CommitJournal> logger)
    {
        _store = store;
        _copies = copies;
        _clock = clock;
        _versions = versions;
        _lifetime = lifetime;
        _recent = recent;
        _options = options.Value.Outage;
        _time = time;
        _logger = logger;
        _full = new LogRate(time);
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
    public Task WaitForWorkAsync(CancellationToken cancellationToken) => _work.WaitAsync(cancellationToken);

    /// <summary>There may be something to send, or the store may take it now.</summary>
    public void Wake() => _work.Set();

    /// <summary>Keeps a commit.</summary>
    /// <param name="key">Which session.</param>
    /// <param name="record">What the request opened.</param>
    /// <param name="isComplete">Whether that is all of the session, as the store had it under that version.</param>
    /// <param name="delta">What it changed.</param>
    /// <param name="version">The commit's version, under which it may have reached the store. What is kept has a newer one.</param>
    /// <param name="failure">Why it is kept.</param>
    /// <returns>The session with this and everything else that is pending, or null if there is no room.</returns>
    public SessionRecord? Append(
        SessionKey key, SessionRecord record, bool isComplete, SessionDelta delta, IssuedVersion version, StoreFailure failure)
    {
        var mark = _copies.Mark(key);
        while (true)
        {
            if (!_pending.TryGetValue(key, out var pending))
            {
                if (_count >= _options.JournalSessions || Bytes + record.Size > _options.JournalBytes)
                {
                    LogFull();
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
                var opened = isComplete ? record.Version : SessionVersion.None;
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
                // Of requests at once, the one that was given its version first may come here last.
                var isUnsent = failure == StoreFailure.None && isComplete && version.Version > known.Version;
                pending.OnlyCommit = isUnsent && isFirst && ReferenceEquals(known, record)
                    ? new PendingCommit(delta, version, record)
                    : null;
                // Two states never have one version: if the commit has reached the store, others' changes may be in what it made there; if a newer one is kept
                // already, that has this version's place.
                var changed = delta.ApplyTo(known, version, state: isUnsent ? version : _versions.Next(key, known.Version));
                pending.Record = changed;
                pending.ChangedAt = _time.GetTimestamp();
                Interlocked.Add(ref _bytes, changed.Size - before);
                Keep(key, changed, isComplete, mark);
                if (failure != StoreFailure.None)
                {
                    _logger.CommitJournalled(failure);
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
    /// <param name="attempted">The version under which it was sent, if it may be stored under that.</param>
    /// <returns>The session with this and everything else that is pending, or null if there is no room.</returns>
    public SessionRecord? AppendCopy(SessionKey key, SessionRecord record, StoreFailure failure, IssuedVersion attempted = default)
    {
        var intervals = attempted.Version.IsNone ? default : CommitIntervals.Of(attempted);
        return Append(key, record, isComplete: false, new SessionDelta(), new IssuedVersion(record.Version, -1, intervals), failure);
    }

    private void LogFull()
    {
        if (_full.MayWrite(out var count))
        {
            _logger.JournalFull(Count, Bytes, count);
        }
    }

    /// <summary>Keeps the end of a session; false if there is no room. What is pending of one that goes on under another key is kept for that.</summary>
    public bool AppendEnd(SessionKey key, in SessionEnd end)
    {
        while (true)
        {
            if (_count >= _options.JournalSessions && !_pending.ContainsKey(key))
            {
                LogFull();
                return false;
            }

            var pending = _pending.GetOrAdd(key, static (_, since) => new PendingSession(since), _time.GetUtcNow());
            lock (pending)
            {
                if (pending.IsSent)
                {
                    continue;
                }

                if (end.Successor is { IsOthers: false } successor && pending.Record is { } unsent && AppendCopy(successor.Key, unsent, StoreFailure.None) is null)
                {
                    return false;
                }

                if (pending is { Record: null, End: null })
                {
                    Interlocked.Increment(ref _count);
                }

                Interlocked.Add(ref _bytes, -pending.Size);
                pending.Record = null;
                pending.OnlyCommit = null;
                pending.End = end.Successor is null ? end with { MustBe = SessionVersion.None } : end;
                Wake();
                return true;
            }
        }
    }

    /// <summary>The session with everything that is pending, or null, and when the last of it came.</summary>
    public (SessionRecord? Record, long ChangedAt) Find(SessionKey key)
    {
        if (_count == 0 || !_pending.TryGetValue(key, out var pending))
        {
            return default;
        }

        lock (pending)
        {
            return (pending.Record, pending.ChangedAt);
        }
    }

    /// <summary>Whether the end of this session is pending.</summary>
    public bool HasEnded(SessionKey key) => _count != 0 && _pending.TryGetValue(key, out var pending) && pending.End is not null;

    /// <summary>
    /// Requests at once each have a base of their own. What the others of this node have committed meanwhile is in the local copy, and where that
    /// is gone among the recent commits; without it the new local copy would go back behind them.
    /// </summary>
    private SessionRecord AllThatIsKnown(SessionKey key, SessionRecord? pending, SessionRecord opened)
    {
        var known = pending is null || opened.ContainsAllOf(pending) ? opened : SessionRecord.Merge(pending, opened);
        if (_copies.TryGet(key, out var copy) && !copy.IsContainedIn(known))
        {
            known = SessionRecord.Merge(known, copy.Record);
        }

        return _recent.Find(key)?.Record is { } recent && !known.ContainsAllOf(recent) ? SessionRecord.Merge(known, recent) : known;
    }

    /// <summary>The local copy has the commit at once; its lease stays what it was, since nothing was heard of the store.</summary>
    private void Keep(SessionKey key, SessionRecord changed, bool isComplete, int mark)
    {
        var lease = SessionLease.None;
        var touchedAt = _copies.Clock.Now;
        var isStale = false;
        var hasCopy = _copies.TryGet(key, out var copy);
        if (!(hasCopy ? copy.IsComplete : isComplete))
        {
            _copies.Supersede(key, changed, isCommit: true);
            return;
        }

        if (hasCopy)
        {
            (lease, touchedAt, isStale) = (copy.Lease, copy.TouchedAt, copy.IsStale);
        }

        var published = _copies.Publish(key, changed, lease, mark, touchedAt);
        published.UsedAt = _copies.Clock.Now; // The store has not been told; a touch, or the sending of this, does.
        if (isStale)
        {
            published.MarkStale();
        }
    }
}
