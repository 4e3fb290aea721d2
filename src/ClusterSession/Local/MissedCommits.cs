using System.Collections.Concurrent;
using ClusterSession.Records;

namespace ClusterSession.Local;

/// <summary>
/// Remembers for which commits this node has waited in vain, for a minute. Cookies that name them
/// come back with every request until the client changes the session, or begins a new one, and each
/// of them would wait, be counted and be logged again.
/// </summary>
/// <remarks>
/// One commit a session, the last one missed: a client that has seen another one has been somewhere
/// that has it. Bounded: past the limit all are forgotten at once, which costs each of them another
/// wait. Thread-safe.
/// </remarks>
internal sealed class MissedCommits(TimeProvider time)
{
    private const int MaxCount = 10_000;
    private static readonly TimeSpan Memory = TimeSpan.FromMinutes(1);

    private readonly ConcurrentDictionary<SessionKey, (SessionVersion Seen, long At, bool IsDecided)> _missed = new();
    private int _count;

    /// <summary>
    /// Whether a commit was missed of late, whichever, and has not been found since: somebody may
    /// still bring it.
    /// </summary>
    public bool Contains(SessionKey key) =>
        Volatile.Read(ref _count) > 0
        && _missed.TryGetValue(key, out var missed)
        && time.GetElapsedTime(missed.At) < Memory;

    /// <summary>
    /// Whether this node has waited for the commit within the last minute, and nobody had it.
    /// </summary>
    /// <param name="key">Which session.</param>
    /// <param name="seen">The commit that the client has seen.</param>
    /// <param name="since">When the wait was over.</param>
    public bool TryGet(SessionKey key, SessionVersion seen, out long since)
    {
        var isKnown = _missed.TryGetValue(key, out var missed);
        since = missed.At;
        if (!isKnown || missed.Seen != seen)
        {
            return false;
        }

        if (time.GetElapsedTime(missed.At) < Memory)
        {
            return true;
        }

        Remove(key, missed);
        return false;
    }

    /// <summary>Whether all other nodes were asked and are done, and none has brought it.</summary>
    public bool IsDecided(SessionKey key, SessionVersion seen) =>
        TryGet(key, seen, out _) && _missed.TryGetValue(key, out var missed) && missed.IsDecided;

    /// <summary>Nobody has brought the commit back.</summary>
    /// <param name="key">Which session.</param>
    /// <param name="seen">The commit that the client has seen.</param>
    /// <param name="isDecided">Whether all other nodes were asked, and are done.</param>
    public void Add(SessionKey key, SessionVersion seen, bool isDecided)
    {
        var missed = (seen, time.GetTimestamp(), isDecided);
        if (!_missed.TryAdd(key, missed))
        {
            _missed[key] = missed;
        }
        else if (Interlocked.Increment(ref _count) > MaxCount)
        {
            _missed.Clear();
            Interlocked.Exchange(ref _count, 0);
        }
    }

    /// <summary>The session is there, and the commit with it if the record contains it.</summary>
    public void Found(SessionKey key, SessionRecord record)
    {
        if (Volatile.Read(ref _count) > 0 && _missed.TryGetValue(key, out var missed) && record.Contains(missed.Seen))
        {
            Remove(key, missed);
        }
    }

    private void Remove(SessionKey key, (SessionVersion Seen, long At, bool IsDecided) missed)
    {
        if (_missed.TryRemove(KeyValuePair.Create(key, missed)))
        {
            Interlocked.Decrement(ref _count);
        }
    }
}
