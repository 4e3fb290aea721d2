using System.Collections.Concurrent;
using ClusterSession.Records;

namespace ClusterSession.Local;

/// <summary>
/// The sessions of which the store lacks something, with their number and bytes. <see
/// cref="CommitJournal"/> adds to them; local copies of them are not evicted. Thread-safe.
/// </summary>
internal sealed class PendingSessions
{
    private readonly ConcurrentDictionary<SessionKey, PendingSession> _all = new();
    private int _count;
    private long _bytes;

    /// <summary>For how many sessions something is pending.</summary>
    public int Count => Volatile.Read(ref _count);

    /// <summary>How many bytes of sessions they hold.</summary>
    public long Bytes => Interlocked.Read(ref _bytes);

    public ICollection<SessionKey> Keys => _all.Keys;

    /// <summary>When the oldest of it was acknowledged.</summary>
    public DateTimeOffset? Oldest
    {
        get
        {
            DateTimeOffset? oldest = null;
            foreach (var (_, pending) in _all)
            {
                oldest = oldest is null || pending.Since < oldest ? pending.Since : oldest;
            }

            return oldest;
        }
    }

    public bool Contains(SessionKey key) => _count != 0 && _all.ContainsKey(key);

    public bool TryGet(SessionKey key, out PendingSession pending) => _all.TryGetValue(key, out pending!);

    public PendingSession GetOrAdd(SessionKey key, DateTimeOffset since) =>
        _all.GetOrAdd(key, static (_, since) => new PendingSession(since), since);

    /// <summary>
    /// The session with everything that is pending, or null, and when the last of it came.
    /// </summary>
    public (SessionRecord? Record, long ChangedAt) Find(SessionKey key)
    {
        if (_count == 0 || !_all.TryGetValue(key, out var pending))
        {
            return default;
        }

        lock (pending)
        {
            return (pending.Record, pending.ChangedAt);
        }
    }

    /// <summary>A session of which nothing was pending has something pending now.</summary>
    public void CountOne() => Interlocked.Increment(ref _count);

    /// <summary>What is pending of a session has grown, or become less.</summary>
    public void AddBytes(long bytes) => Interlocked.Add(ref _bytes, bytes);

    /// <summary>Nothing is pending of a session any more.</summary>
    public void Remove(SessionKey key, PendingSession pending)
    {
        _all.TryRemove(new KeyValuePair<SessionKey, PendingSession>(key, pending));
        Interlocked.Decrement(ref _count);
        AddBytes(-pending.Size);
    }
}
