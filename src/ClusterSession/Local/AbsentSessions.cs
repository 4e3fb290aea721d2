using System.Collections.Concurrent;
using ClusterSession.Records;
using ClusterSession.Stores;

namespace ClusterSession.Local;

/// <summary>
/// Remembers for a minute which sessions the store does not have any more, or has as ended. A
/// cookie stays valid when its session is over, and anyone who holds it could have this node ask
/// the store with every request.
/// </summary>
/// <remarks>
/// <code>
/// ended    nothing revives it: remembered whatever happens to the store
/// missing  may be restored or replayed by another node: remembered while the store would tell of
///          that (its lease is current), and no longer than until it does (OnChanged)
/// </code>
/// Bounded: past the limit all are forgotten at once, which costs each of them another read.
/// Thread-safe.
/// </remarks>
internal sealed class AbsentSessions(LocalCopies copies, TimeProvider time)
{
    private const int MaxCount = 10_000;
    private static readonly TimeSpan Memory = TimeSpan.FromMinutes(1);

    private readonly ConcurrentDictionary<SessionKey, Entry> _absences = new();
    private int _count;

    /// <summary>What the store would answer, if that is known.</summary>
    /// <param name="key">Which session.</param>
    /// <param name="absence">What is known.</param>
    public bool TryGet(SessionKey key, out Absence absence)
    {
        absence = default;
        if (Volatile.Read(ref _count) == 0 || !_absences.TryGetValue(key, out var found))
        {
            return false;
        }

        if (time.GetElapsedTime(found.At) < Memory && found.Lease is not { IsCurrent: false })
        {
            absence = new Absence(found.HasEnded, found.IsRegressed, found.At);
            return true;
        }

        OnChanged(key);
        return false;
    }

    /// <summary>The session was ended, for good.</summary>
    public void Ended(SessionKey key) =>
        Add(key, new Entry(HasEnded: true, IsRegressed: false, null, time.GetTimestamp()));

    /// <summary>The store does not have the session, or none that may be used.</summary>
    /// <param name="key">Which session.</param>
    /// <param name="isRegressed">Whether it was lost.</param>
    /// <param name="lease">How long the store would tell of a change.</param>
    /// <param name="mark">The mark of the key from before the read.</param>
    public void Missing(SessionKey key, bool isRegressed, SessionLease lease, int mark)
    {
        if (!lease.IsCurrent)
        {
            return;
        }

        Add(key, new Entry(HasEnded: false, isRegressed, lease, time.GetTimestamp()));
        if (copies.Mark(key) != mark)
        {
            OnChanged(key); // After the read, and maybe before this was remembered.
        }
    }

    /// <summary>Somebody has changed the session: it is there again, or it is ended now.</summary>
    public void OnChanged(SessionKey key)
    {
        if (Volatile.Read(ref _count) > 0 && _absences.TryRemove(key, out _))
        {
            Interlocked.Decrement(ref _count);
        }
    }

    private void Add(SessionKey key, Entry absence)
    {
        if (!_absences.TryAdd(key, absence))
        {
            _absences[key] = absence;
        }
        else if (Interlocked.Increment(ref _count) > MaxCount)
        {
            _absences.Clear();
            Interlocked.Exchange(ref _count, 0);
        }
    }

    /// <summary>What is known of a session that is absent.</summary>
    /// <param name="HasEnded">Whether it was ended; else it is missing.</param>
    /// <param name="IsRegressed">Whether it was lost.</param>
    /// <param name="Since">Since when that is known, as a timestamp.</param>
    public readonly record struct Absence(bool HasEnded, bool IsRegressed, long Since);

    private sealed record Entry(bool HasEnded, bool IsRegressed, SessionLease? Lease, long At);
}
