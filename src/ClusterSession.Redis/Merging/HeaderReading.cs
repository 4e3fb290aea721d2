using ClusterSession.Records;
using ClusterSession.Redis.Requests;
using ClusterSession.Redis.Scripts;

namespace ClusterSession.Redis.Merging;

/// <summary>Makes an entry of what a server answers about the header of a record.</summary>
internal static class HeaderReading
{
    /// <summary>
    /// Longer ones are without end (document-merge.lua makes such), and no durations of .NET.
    /// </summary>
    private const long LongestLife = 900_000_000_000_000;

    /// <summary>Reads an entry.</summary>
    /// <param name="header">The field; empty: it cannot be read.</param>
    /// <param name="milliseconds">What PTTL answers.</param>
    /// <param name="now">The server's clock.</param>
    public static MergeEntry Read(ReadOnlySpan<byte> header, long milliseconds, DateTimeOffset now)
    {
        var record = header.IsEmpty ? null : RecordReading.ReadHeader(header);
        return new MergeEntry(record, LifeOf(milliseconds), now, record is not null && ClaimsAll(header, record));
    }

    /// <summary>What PTTL answers; null: without end.</summary>
    public static TimeSpan? LifeOf(long milliseconds) =>
        milliseconds >= LongestLife ? null : RecordReading.LifeOf(milliseconds);

    private static bool ClaimsAll(ReadOnlySpan<byte> header, SessionRecord record) =>
        record.IsDestroyed
        || (header[0] == RedisKeys.Format && record.ForgottenUpTo == 0 && Intervals.AreWithinBounds(record.Intervals));
}
