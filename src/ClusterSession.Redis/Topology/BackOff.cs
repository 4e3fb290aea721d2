namespace ClusterSession.Redis.Topology;

/// <summary>
/// Pauses between attempts to connect: doubling, bounded, and random, so that many nodes do not
/// come back in step.
/// </summary>
/// <remarks>Used by one loop only. The n-th pause lies between half and all of min(max, 20 ms x
/// 2^(n-1)).</remarks>
internal sealed class BackOff(TimeSpan max, Random random)
{
    private static readonly TimeSpan Initial = TimeSpan.FromMilliseconds(20);
    private int _failures;

    /// <summary>The pause after one more failure.</summary>
    public TimeSpan Next()
    {
        var ceiling = Math.Min(max.Ticks, Initial.Ticks << Math.Min(_failures, 20));
        _failures++;
        return TimeSpan.FromTicks((long)(ceiling * (0.5 + random.NextDouble() / 2)));
    }

    /// <summary>Begins anew.</summary>
    public void Reset() => _failures = 0;
}
