using System.Collections.Concurrent;
using ClusterSession.Records;
using Microsoft.Extensions.Options;

namespace ClusterSession.Local;

/// <summary>
/// What this node has committed lately, to be replayed into a store that may have lost it.
/// </summary>
/// <remarks>
/// A replica that takes over may be behind by whatever it lagged. Redis tells up to which offset it
/// has the former master's history, and the store translates that into a time (<see
/// cref="Stores.StoreContinuity.SafeUntil"/>), so that here only times are kept. Each session has
/// one entry, with all its recent commits merged, and one place in the queue by which old entries
/// are dropped. A session that was committed again since it was queued goes to the end of it. (A
/// place for each commit took 30 bytes a commit, 200 MB at 50,000 a second in the two minutes they
/// are kept.) Bounded by time and bytes. Thread-safe.
/// </remarks>
internal sealed class RecentCommits(IOptions<ClusterSessionOptions> options, HybridClock clock, TimeProvider time)
{
    private readonly ConcurrentDictionary<SessionKey, RecentCommit> _commits = new();
    private readonly Queue<(SessionKey Key, long At)> _order = new(); // guarded by itself
    private readonly TimeSpan _window = options.Value.Outage.ReplayWindow;
    private readonly long _forgetEvery = (long)(
        options.Value.Outage.ReplayWindow.TotalSeconds * time.TimestampFrequency / 64
    );
    private readonly long _maxBytes = options.Value.Outage.ReplayBytes;
    private long _bytes;
    private long _forgotAt;

    public int Count => _commits.Count;

    /// <summary>Whether there is anything that a store which takes over may lack.</summary>
    public bool HasAny => !_commits.IsEmpty;

    /// <summary>The store has acknowledged a commit, or a whole copy.</summary>
    /// <param name="key">Which session.</param>
    /// <param name="record">The request's copy with its changes.</param>
    /// <param name="isComplete">Whether that is all that the store has now.</param>
    /// <param name="previous">The version the store had before.</param>
    /// <param name="isRecovered">Whether this has repaired or restored the session in the
    /// store.</param>
    /// <returns>What this node has committed lately to the session, this included.</returns>
    public RecentCommit Add(
        SessionKey key,
        SessionRecord record,
        bool isComplete,
        SessionVersion previous,
        bool isRecovered = false
    )
    {
        var now = time.GetTimestamp();
        RecentCommit added;
        while (true)
        {
            if (!_commits.TryGetValue(key, out var before))
            {
                added = new RecentCommit(
                    record,
                    now,
                    isComplete ? SessionVersion.None : previous,
                    !isComplete && IsOfOthers(previous) ? record.Version : SessionVersion.None,
                    isRecovered
                );
                if (_commits.TryAdd(key, added))
                {
                    Interlocked.Add(ref _bytes, record.Size);
                    lock (_order)
                    {
                        _order.Enqueue((key, now));
                    }

                    break;
                }

                continue;
            }

            added = Together(before, record, isComplete, previous, isRecovered, now);
            if (_commits.TryUpdate(key, added, before))
            {
                Interlocked.Add(ref _bytes, added.Record.Size - before.Record.Size);
                break;
            }
        }

        if (Interlocked.Read(ref _bytes) > _maxBytes || now - Volatile.Read(ref _forgotAt) > _forgetEvery)
        {
            ForgetOld(now);
        }

        return added;
    }

    /// <summary>The session was ended: there is nothing to replay of it.</summary>
    /// <returns>What this node had committed lately, or null.</returns>
    public RecentCommit? Remove(SessionKey key)
    {
        if (!_commits.TryRemove(key, out var commit))
        {
            return null;
        }

        Interlocked.Add(ref _bytes, -commit.Record.Size);
        return commit;
    }

    /// <summary>What this node has committed lately to a session, or null.</summary>
    public RecentCommit? Find(SessionKey key) => _commits.TryGetValue(key, out var commit) ? commit : null;

    /// <summary>
    /// Forgets the commits of some sessions, which are discarded
    /// (<see cref="StoreResetPolicy.Discard"/>).
    /// </summary>
    public void Clear(Func<SessionKey, bool> isDiscarded)
    {
        foreach (var commit in _commits)
        {
            if (isDiscarded(commit.Key) && _commits.TryRemove(commit))
            {
                Interlocked.Add(ref _bytes, -commit.Value.Record.Size);
            }
        }
    }

    /// <summary>Somebody else changed or ended the session.</summary>
    public void OnChanged(SessionKey key)
    {
        if (_commits.TryGetValue(key, out var commit))
        {
            commit.MarkOutdated();
        }
    }

    /// <summary>
    /// The commits that were acknowledged after a timestamp: no snapshot, but each as it is when
    /// the enumeration comes to it.
    /// </summary>
    public IEnumerable<KeyValuePair<SessionKey, RecentCommit>> Since(long timestamp) =>
        _commits.Where(commit => commit.Value.At >= timestamp);

    /// <summary>
    /// Adds a commit to those before. Concurrent requests of one node commit on the same base, and
    /// their answers come in any order: the later record may lack what the earlier one wrote, and
    /// each commit's predecessor may be the other one.
    /// </summary>
    private RecentCommit Together(
        RecentCommit before,
        SessionRecord record,
        bool isComplete,
        SessionVersion previous,
        bool isRecovered,
        long now
    )
    {
        var both = record.ContainsAllOf(before.Record) ? record : SessionRecord.Merge(before.Record, record);
        var isNewer = record.Version > before.Record.Version;
        var missing = (isNewer, isComplete) switch
        {
            (true, true) => SessionVersion.None,
            (true, false) when before.IsComplete => before.Record.Version == previous ? SessionVersion.None : previous,
            // Where the commits before contain the previous version, the same is missing as before;
            // else that version is.
            (true, false) => before.Record.Contains(previous) ? before.LackedVersion : previous,
            (false, true) => before.LackedVersion == record.Version ? SessionVersion.None : before.LackedVersion,
            (false, false) => before.LackedVersion,
        };
        var since =
            missing.IsNone ? SessionVersion.None
            : before.IsDiverged ? before.DivergedSince
            : IsOfOthers(missing) ? both.Version
            : SessionVersion.None;
        return new RecentCommit(both, now, missing, since, isRecovered || before.IsRecovered);
    }

    private bool IsOfOthers(SessionVersion missing) => !missing.IsNone && missing.Writer != clock.Writer;

    private void ForgetOld(long now)
    {
        Volatile.Write(ref _forgotAt, now);
        lock (_order)
        {
            while (
                _order.TryPeek(out var oldest)
                && (Interlocked.Read(ref _bytes) > _maxBytes || time.GetElapsedTime(oldest.At, now) > _window)
            )
            {
                _order.Dequeue();
                if (!_commits.TryGetValue(oldest.Key, out var commit))
                {
                    continue;
                }

                if (commit.At == oldest.At && _commits.TryRemove(KeyValuePair.Create(oldest.Key, commit)))
                {
                    Interlocked.Add(ref _bytes, -commit.Record.Size);
                }
                else
                {
                    _order.Enqueue((oldest.Key, commit.At)); // Committed again since it was queued.
                }
            }
        }
    }
}
