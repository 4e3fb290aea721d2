namespace ClusterSession.Diagnostics;

/// <summary>
/// Limits the log lines of an event that an outage causes with every request: one line when the
/// event begins, and one line in ten seconds after that. Each line says how often the event
/// happened since the last line, if more than once. Thread-safe.
/// </summary>
internal sealed class LogRate(TimeProvider time)
{
    private const long Never = long.MinValue;
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(10);

    private long _writtenAt = Never;
    private long _count;

    /// <summary>The event has happened once more.</summary>
    /// <param name="count">How often since the last line, this time included.</param>
    /// <returns>Whether a line is to be written.</returns>
    public bool MayWrite(out LogCount count)
    {
        count = default;
        Interlocked.Increment(ref _count);
        var last = Volatile.Read(ref _writtenAt);
        var now = time.GetTimestamp();
        if (
            (last != Never && time.GetElapsedTime(last, now) < Interval)
            || Interlocked.CompareExchange(ref _writtenAt, now, last) != last
        )
        {
            return false;
        }

        count = new LogCount(Interlocked.Exchange(ref _count, 0));
        return true;
    }
}
