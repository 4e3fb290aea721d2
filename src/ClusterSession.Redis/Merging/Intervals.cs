using System.Buffers.Binary;
using ClusterSession.Records;
using ClusterSession.Redis.Requests;

namespace ClusterSession.Redis.Merging;

/// <summary>
/// Compares the intervals of two records: which commits they contain for certain.
/// </summary>
internal static class Intervals
{
    /// <summary>
    /// A record keeps so many intervals of one writer, and intervals of so many writers
    /// (functions.lua). A record that has as many may have forgotten others.
    /// </summary>
    private const int MaxPerWriter = 16;

    private const int MaxWriters = 128;

    /// <summary>
    /// Whether every interval of the others lies in one of the first. Both ascend by writer and lo.
    /// </summary>
    public static bool Cover(ReadOnlySpan<byte> intervals, ReadOnlySpan<byte> others)
    {
        if (intervals.SequenceEqual(others))
        {
            return true;
        }

        for (; !others.IsEmpty; others = others[RedisKeys.IntervalLength..])
        {
            var (lo, newest) = (LoOf(others), NewestOf(others));
            while (!intervals.IsEmpty && IsBefore(NewestOf(intervals), newest))
            {
                intervals = intervals[RedisKeys.IntervalLength..];
            }

            if (intervals.IsEmpty || NewestOf(intervals).Writer != newest.Writer || LoOf(intervals) > lo)
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>Whether there are fewer than are kept.</summary>
    public static bool AreWithinBounds(ReadOnlySpan<byte> intervals)
    {
        var (writers, ofWriter, writer) = (0, 0, -1L);
        for (; !intervals.IsEmpty; intervals = intervals[RedisKeys.IntervalLength..])
        {
            var next = NewestOf(intervals).Writer;
            (writers, ofWriter) = next == writer ? (writers, ofWriter + 1) : (writers + 1, 1);
            writer = next;
            if (ofWriter >= MaxPerWriter || writers >= MaxWriters)
            {
                return false;
            }
        }

        return true;
    }

    private static bool IsBefore(SessionVersion one, SessionVersion other) =>
        one.Writer < other.Writer || (one.Writer == other.Writer && one.Stamp < other.Stamp);

    private static long LoOf(ReadOnlySpan<byte> interval) => BinaryPrimitives.ReadInt64BigEndian(interval) >>> 8;

    private static SessionVersion NewestOf(ReadOnlySpan<byte> interval) =>
        SessionVersion.TryRead(interval[RedisKeys.StampLength..], out var newest) ? newest : SessionVersion.None;
}
