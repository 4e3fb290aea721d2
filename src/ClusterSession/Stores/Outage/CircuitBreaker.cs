namespace ClusterSession.Stores.Outage;

/// <summary>
/// Keeps requests from queueing on a partition of a store that is not responding.
/// </summary>
/// <remarks>
/// <code>
///          BreakAfter failures in a row              ProbeInterval over: one goes through
///   Closed ----------------------------------> Open --------------------------------> Probing
///     ^                                         ^------------ it fails -----------------'  |
///     '--------------------------- it is answered, or the store reports a connection ------'
/// </code>
/// Only a missing response counts as a failure: there is no connection, or nothing came in time.
/// Whatever the server says is a response, given quickly. A refusal of writes (out of memory, fewer
/// replicas than the server requires, not persisted, not permitted) says nothing of reads, and
/// neither does an answer that leaves open what has happened. Rejected: a failure ratio over a
/// window, as libraries for many small dependencies have it; here is one server, and it either
/// answers or does not. Thread-safe without a lock; the closed state costs one volatile read.
/// </remarks>
internal sealed class CircuitBreaker(OutageOptions options, TimeProvider time)
{
    private int _failures;
    private long _openedAt;
    private int _isOpen; // 1: open

    public bool IsOpen => Volatile.Read(ref _isOpen) == 1;

    /// <summary>Whether an operation may go to the store now.</summary>
    public bool MayTry()
    {
        if (!IsOpen)
        {
            return true;
        }

        var openedAt = Volatile.Read(ref _openedAt);
        var now = time.GetTimestamp();
        return time.GetElapsedTime(openedAt, now) >= options.ProbeInterval
            && Interlocked.CompareExchange(ref _openedAt, now, openedAt) == openedAt; // One probe an interval.
    }

    /// <summary>
    /// An operation was answered. True if that was the one that closed the circuit.
    /// </summary>
    public bool Answered()
    {
        if (_failures != 0)
        {
            Volatile.Write(ref _failures, 0);
        }

        return IsOpen && Interlocked.Exchange(ref _isOpen, 0) == 1;
    }

    /// <summary>
    /// An operation was not answered. True if that was the one that opened the circuit.
    /// </summary>
    public bool Failed()
    {
        if (Interlocked.Increment(ref _failures) < options.BreakAfter || IsOpen)
        {
            return false;
        }

        Volatile.Write(ref _openedAt, time.GetTimestamp());
        return Interlocked.Exchange(ref _isOpen, 1) == 0;
    }
}
