using System.Collections.Concurrent;

namespace ClusterSession.Sessions.Opening;

/// <summary>
/// Remembers which sessions this node has waited for in vain, for a minute. Their cookies come back with every request
/// until the client begins a new session, and each of them would wait, be counted and be logged again.
/// </summary>
/// <remarks>Bounded: past the limit all are forgotten at once, which costs each of them another
/// wait. Thread-safe.</remarks>
internal sealed class MissedSessions(TimeProvider time)
{
    private const int Most = 10_000;
    private static readonly TimeSpan Memory = TimeSpan.FromMinutes(1);

    private readonly ConcurrentDictionary<SessionKey, long> _missed = new();
    private int _count;

    /// <summary>Whether this node has waited for the session within the last minute, and nobody had it.</summary>
    public bool Contains(SessionKey key)
    {
        if (!_missed.TryGetValue(key, out var at))
        {
            return false;
        }

        if (time.GetElapsedTime(at) < Memory)
        {
            return true;
        }

        Remove(key);
        return false;
    }

    public void Add(SessionKey key)
    {
        if (_missed.TryAdd(key, time.GetTimestamp()) && Interlocked.Increment(ref _count) > Most)
        {
            _missed.Clear();
            Interlocked.Exchange(ref _count, 0);
        }
    }

    /// <summary>The session is there again.</summary>
    public void Remove(SessionKey key)
    {
        if (Volatile.Read(ref _count) > 0 && _missed.TryRemove(key, out _))
        {
            Interlocked.Decrement(ref _count);
        }
    }
}
