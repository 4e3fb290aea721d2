namespace ClusterSession.Transport.Links;

/// <summary>
/// Pauses between attempts to connect: growing, bounded, and random, so that many nodes do not come
/// back in step.
/// </summary>
/// <remarks>
/// Used by one loop only. The n-th pause lies between half and all of min(max, 20 ms x 1.25^(n-1)).
/// Requests wait for the end of a pause. So a pause is no longer than half of the outage so far,
/// and a quarter of it in the mean. Pauses that double would be as long as the outage so far in the
/// mean, and twice as long at most: a planned switch would last twice as long for nodes as for
/// Redis.
/// </remarks>
internal sealed class BackOff(TimeSpan max, Random random)
{
    private const double Growth = 1.25;
    private const int MaxGrown = 100; // More than any maximum; what is larger overflows.
    private static readonly TimeSpan Initial = TimeSpan.FromMilliseconds(20);
    private int _failures;

    /// <summary>The pause after one more failure.</summary>
    public TimeSpan Next()
    {
        var ceiling = Math.Min(max.Ticks, Initial.Ticks * Math.Pow(Growth, _failures));
        _failures = Math.Min(_failures + 1, MaxGrown);
        return TimeSpan.FromTicks((long)(ceiling * (0.5 + random.NextDouble() / 2)));
    }

    /// <summary>Begins anew.</summary>
    public void Reset() => _failures = 0;
}
