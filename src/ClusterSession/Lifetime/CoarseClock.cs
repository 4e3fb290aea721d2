namespace ClusterSession.Lifetime;

/// <summary>
/// Monotonic time in tenths of a second since the node started, as an int: two of them cost a local
/// copy eight bytes, and they last for 6.8 years.
/// </summary>
internal sealed class CoarseClock(TimeProvider time)
{
    public const int TicksPerSecond = 10;

    private readonly long _start = time.GetTimestamp();
    private readonly long _perTick = Math.Max(1, time.TimestampFrequency / TicksPerSecond);

    /// <summary>
    /// Starts above zero by the longest idle time, so that "long ago" is a positive number.
    /// </summary>
    public int Now => At(time.GetTimestamp());

    /// <summary>What it showed at a timestamp.</summary>
    public int At(long timestamp) => (int)((timestamp - _start) / _perTick) + (int.MaxValue / 4);

    public static int Ticks(TimeSpan span) =>
        (int)Math.Min(int.MaxValue / 8, Math.Ceiling(span.TotalSeconds * TicksPerSecond));
}
