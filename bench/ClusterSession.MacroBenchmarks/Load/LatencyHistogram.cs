using System.Numerics;

namespace ClusterSession.MacroBenchmarks.Load;

/// <summary>
/// Counts latencies in buckets that are exact to 0.8 %, as HdrHistogram does: 128 buckets for each
/// power of two.
/// </summary>
internal sealed class LatencyHistogram
{
    private const int Precision = 7;
    private readonly long[] _counts = new long[64 << Precision];

    public long Count { get; private set; }

    public void Record(long nanoseconds)
    {
        _counts[IndexOf(Math.Max(0, nanoseconds))]++;
        Count++;
    }

    /// <summary>
    /// The latency that a share of all does not exceed, in milliseconds; NaN where nothing was
    /// counted.
    /// </summary>
    public double Percentile(double share)
    {
        if (Count == 0)
        {
            return double.NaN;
        }

        var left = (long)Math.Ceiling(share * Count);
        for (var index = 0; index < _counts.Length; index++)
        {
            left -= _counts[index];
            if (left <= 0)
            {
                return ValueOf(index) / 1e6;
            }
        }

        return double.NaN;
    }

    private static int IndexOf(long value)
    {
        var shift = Math.Max(0, 63 - BitOperations.LeadingZeroCount((ulong)value) - Precision);
        return (shift << Precision) + (int)(value >> shift);
    }

    private static double ValueOf(int index)
    {
        var shift = Math.Max(0, (index >> Precision) - 1);
        return (double)((index - ((long)shift << Precision) + 0.5) * (1L << shift));
    }
}
