using ClusterSession.Records;
using ClusterSession.Redis.Protocol;
using ClusterSession.Redis.Requests;
using ClusterSession.Redis.Scripts;

namespace ClusterSession.Redis.Merging;

/// <summary>Makes an entry of what a server answers about the header of a record.</summary>
internal static class HeaderReading
{
    /// <summary>
    /// A longer life counts as without end (document-merge.lua makes such): .NET has no duration
    /// for it.
    /// </summary>
    private const long LongestLife = 900_000_000_000_000;

    /// <summary>
    /// A longer field is damaged: with the most writers and intervals (functions.lua) a header has
    /// 41 KB. A field that is longer than a reply may be would end the merge of all other sessions.
    /// </summary>
    public const int LongestField = 64 * 1024;

    /// <summary>Reads header, mark and successor; the life comes behind them.</summary>
    /// <param name="key">Under which key they are: what was written under another one, and copied
    /// here, is damaged.</param>
    /// <param name="reader">Reads the three next.</param>
    /// <param name="now">The server's clock.</param>
    public static MergeEntry Read(SessionKey key, ref RespReader reader, DateTimeOffset now)
    {
        var header = reader.ReadBytes();
        var record = header.IsEmpty ? null : RecordReading.ReadHeader(header);
        var claimsAll = record is not null && ClaimsAll(header, record);
        var mark = reader.ReadBytes();
        var isOfKey = mark.IsEmpty || RedisKeys.IsMarkOf(key, mark);
        var isSound = RecordReading.ReadSuccessor(key, reader.ReadBytes(), out var successor) is null;
        return new MergeEntry(
            isOfKey ? record : null,
            Life: null,
            now,
            isOfKey && claimsAll,
            isOfKey && isSound ? successor : null
        );
    }

    /// <summary>What PTTL answers; null: without end.</summary>
    public static TimeSpan? LifeOf(long milliseconds) =>
        milliseconds >= LongestLife ? null : RecordReading.LifeOf(milliseconds);

    private static bool ClaimsAll(ReadOnlySpan<byte> header, SessionRecord record) =>
        record.IsDestroyed
        || (header[0] == RedisKeys.Format && record.ForgottenUpTo == 0 && Intervals.AreWithinBounds(record.Intervals));
}
