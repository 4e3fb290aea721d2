using ClusterSession.Records;
using ClusterSession.Redis.Connection;
using ClusterSession.Redis.Protocol;
using ClusterSession.Redis.Requests;
using ClusterSession.Redis.Scripts;

namespace ClusterSession.Redis.Merging;

/// <summary>merge-headers.lua, always sent whole.</summary>
internal sealed class HeadersRequest(RedisKeys keys, IReadOnlyList<SessionKey> sessions)
    : RedisRequest<(DateTimeOffset Now, MergeEntry?[] Entries)>
{
    private const long NoSuchKey = -2;

    public override bool IsRead => true;

    public override void WriteTo(ref RespWriter writer)
    {
        writer.WriteCommand("EVAL"u8, 3 + sessions.Count);
        writer.WriteBulk(RedisScript.MergeHeaders.Body);
        writer.WriteBulk(sessions.Count);
        foreach (var session in sessions)
        {
            keys.WriteSession(ref writer, session);
        }

        writer.WriteBulk(HeaderReading.LongestField);
    }

    protected override (DateTimeOffset Now, MergeEntry?[] Entries) Parse(ref RespReader reader)
    {
        var now = DateTimeOffset.FromUnixTimeMilliseconds(reader.ReadInt64());
        var entries = new MergeEntry?[sessions.Count];
        for (var i = 0; i < entries.Length; i++)
        {
            var entry = HeaderReading.Read(sessions[i], ref reader, now);
            var left = reader.ReadInt64();
            entries[i] = left == NoSuchKey ? null : entry with { Life = HeaderReading.LifeOf(left) };
        }

        return (now, entries);
    }
}
