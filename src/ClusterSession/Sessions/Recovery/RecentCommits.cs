using System.Collections.Concurrent;
using Microsoft.Extensions.Options;

namespace ClusterSession.Sessions.Recovery;

/// <summary>
/// What this node has committed and ended lately, to be replayed into a store that may have lost it.
/// </summary>
/// <remarks>
/// A replica that takes over may be behind by whatever it lagged. Redis tells up to which offset it has the former master's history, and
/// the store translates that into a time (<see cref="Stores.StoreContinuity.SafeUntil"/>), so that here only times are kept.
/// One entry a session, the newest; a queue in order of time lets old ones go. Bounded by time and bytes; ends are kept as long
/// as their tombstones live. Thread-safe.
/// </remarks>
internal sealed class RecentCommits(IOptions<ClusterSessionOptions> options, SessionLifetime lifetime, TimeProvider time)
{
    private const int MostEnds = 1_000_000;

    private readonly ConcurrentDictionary<SessionKey, RecentCommit> _commits = new();
    private readonly ConcurrentQueue<(SessionKey Key, RecentCommit Commit)> _order = new();
    private readonly ConcurrentDictionary<SessionKey, (SessionVersion Version, long At)> _ends = new();
    private readonly ConcurrentQueue<(SessionKey Key, long At)> _endOrder = new();
    private readonly TimeSpan _window = options.Value.Outage.ReplayWindow;
    private readonly long _mostBytes = options.Value.Outage.ReplayBytes;
    private long _bytes;

    public int Count => _commits.Count;

    public void Add(SessionKey key, SessionRecord record)
    {
        var commit = new RecentCommit(record, time.GetTimestamp());
        _commits[key] = commit;
        _order.Enqueue((key, commit));
        Interlocked.Add(ref _bytes, record.Size);
        ForgetOld();
    }

    public void AddEnd(SessionKey key, SessionVersion version)
    {
        var now = time.GetTimestamp();
        _commits.TryRemove(key, out _);
        _ends[key] = (version, now);
        _endOrder.Enqueue((key, now));
        while (_endOrder.TryPeek(out var oldest) && (_endOrder.Count > MostEnds || time.GetElapsedTime(oldest.At, now) > lifetime.TombstoneLife))
        {
            if (_endOrder.TryDequeue(out oldest) && _ends.TryGetValue(oldest.Key, out var end) && end.At == oldest.At)
            {
                _ends.TryRemove(oldest.Key, out _);
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

    /// <summary>Whether this node has ended the session.</summary>
    public bool HasEnded(SessionKey key) => _ends.ContainsKey(key);

    /// <summary>The commits that were acknowledged after a timestamp, at some moment each.</summary>
    public IEnumerable<KeyValuePair<SessionKey, RecentCommit>> Since(long timestamp) => _commits.Where(commit => commit.Value.At >= timestamp);

    /// <summary>The ends of sessions, at some moment each.</summary>
    public IEnumerable<KeyValuePair<SessionKey, SessionVersion>> Ends() =>
        _ends.Select(end => KeyValuePair.Create(end.Key, end.Value.Version));

    private void ForgetOld()
    {
        var now = time.GetTimestamp();
        while (_order.TryPeek(out var oldest)
            && (Interlocked.Read(ref _bytes) > _mostBytes || time.GetElapsedTime(oldest.Commit.At, now) > _window)
            && _order.TryDequeue(out oldest))
        {
            Interlocked.Add(ref _bytes, -oldest.Commit.Record.Size);
            _commits.TryRemove(KeyValuePair.Create(oldest.Key, oldest.Commit));
        }
    }
}
