namespace ClusterSession.Lifetime;

/// <summary>
/// Monotonic time in tenths of a second, as an int: each time in a local copy costs four bytes. It
/// starts at a quarter of the range of int and lasts for 5.1 years.
/// </summary>
internal sealed class CoarseClock(TimeProvider time)
{
    public const int TicksPerSecond = 10;

    private readonly long _start = time.GetTimestamp();
    private readonly long _perTick = Math.Max(1, time.TimestampFrequency / TicksPerSecond);

    /// <summary>
    /// The time now. The clock starts at twice the most that <see cref="Ticks"/> answers, so that
    /// "long ago" is a positive number.
    /// </summary>
    public int Now => At(time.GetTimestamp());

    /// <summary>What it showed at a timestamp.</summary>
    public int At(long timestamp) => (int)((timestamp - _start) / _perTick) + (int.MaxValue / 4);

    public static int Ticks(TimeSpan span) =>
        (int)Math.Min(int.MaxValue / 8, Math.Ceiling(span.TotalSeconds * TicksPerSecond));
}
