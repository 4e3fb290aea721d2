using System.Collections.Concurrent;
using ClusterSession.Sessions.Copies;
using ClusterSession.Stores;

namespace ClusterSession.Sessions.Opening;

/// <summary>
/// Remembers for a minute which sessions the store does not have any more. A cookie stays valid when
/// its session is over, and whoever holds it could have this node ask the store with every request.
/// </summary>
/// <remarks>
/// <code>
/// ended     nothing revives it: remembered whatever happens to the store
/// missing   may be restored or replayed by another node: remembered while the store would tell of that
///           (its lease is current), and no longer than until it does (OnChanged)
/// </code>
/// Bounded: past the limit all are forgotten at once, which costs each of them another read. Thread-safe.
/// </remarks>
internal sealed class AbsentSessions(LocalCopies copies, TimeProvider time)
{
    private const int Most = 10_000;
    private static readonly TimeSpan Memory = TimeSpan.FromMinutes(1);

    private readonly ConcurrentDictionary<SessionKey, Absence> _absences = new();
    private int _count;

    /// <summary>What the store would answer, if that is known.</summary>
    /// <param name="key">Which session.</param>
    /// <param name="answer">What its request is answered.</param>
    /// <param name="since">Since when, as a timestamp.</param>
    public bool TryGet(SessionKey key, out OpenedSession answer, out long since)
    {
        (answer, since) = (default, 0);
        if (Volatile.Read(ref _count) == 0 || !_absences.TryGetValue(key, out var absence))
        {
            return false;
        }

        if (time.GetElapsedTime(absence.At) < Memory && absence.Lease is not { IsCurrent: false })
        {
            (answer, since) = (absence.Answer, absence.At);
            return true;
        }

        OnChanged(key);
        return false;
    }

    /// <summary>The session was ended, for good.</summary>
    public OpenedSession Ended(SessionKey key)
    {
        var answer = OpenedSession.Ended(OpenOutcome.Destroyed);
        Add(key, new Absence(answer, null, time.GetTimestamp()));
        return answer;
    }

    /// <summary>The store does not have the session, or none that may be used.</summary>
    /// <param name="key">Which session.</param>
    /// <param name="answer">What its request is answered.</param>
    /// <param name="read">What the store said.</param>
    /// <param name="mark">The mark of the key from before the read.</param>
    public OpenedSession Missing(SessionKey key, in OpenedSession answer, in StoreRead read, int mark)
    {
        if (answer.Outcome == OpenOutcome.Missing && read.Lease.IsCurrent)
        {
            Add(key, new Absence(answer, read.Lease, time.GetTimestamp()));
            if (copies.Mark(key) != mark)
            {
                OnChanged(key); // After the read, and maybe before this was remembered.
            }
        }

        return answer;
    }

    /// <summary>Somebody has changed the session: it is there again, or it is ended now.</summary>
    public void OnChanged(SessionKey key)
    {
        if (Volatile.Read(ref _count) > 0 && _absences.TryRemove(key, out _))
        {
            Interlocked.Decrement(ref _count);
        }
    }

    private void Add(SessionKey key, Absence absence)
    {
        if (!_absences.TryAdd(key, absence))
        {
            _absences[key] = absence;
        }
        else if (Interlocked.Increment(ref _count) > Most)
        {
            _absences.Clear();
            Interlocked.Exchange(ref _count, 0);
        }
    }

    private sealed record Absence(OpenedSession Answer, SessionLease? Lease, long At);
}
