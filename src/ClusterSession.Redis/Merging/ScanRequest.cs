using ClusterSession.Records;
using ClusterSession.Redis.Connection;
using ClusterSession.Redis.Protocol;
using ClusterSession.Redis.Requests;
using ClusterSession.Redis.Scripts;

namespace ClusterSession.Redis.Merging;

/// <summary>merge-scan.lua, always sent whole: its answer is many times longer.</summary>
internal sealed class ScanRequest(RedisKeys keys, byte[] cursor, int most) : RedisRequest<ScanRequest.Page>
{
    private const int ValuesOfOne = 5;

    public override bool IsRead => true;

    public override void WriteTo(ref RespWriter writer)
    {
        writer.WriteCommand("EVAL"u8, 6);
        writer.WriteBulk(RedisScript.MergeScan.Body);
        writer.WriteBulk(0);
        writer.WriteBulk(cursor);
        writer.WriteBulk(keys.SessionPattern);
        writer.WriteBulk(most);
        writer.WriteBulk(HeaderReading.LongestField);
    }

    protected override Page Parse(ref RespReader reader)
    {
        var left = (reader.Count - 2) / ValuesOfOne;
        var next = reader.ReadBytes().ToArray();
        var now = DateTimeOffset.FromUnixTimeMilliseconds(reader.ReadInt64());
        var found = new List<Found>(left);
        for (; left > 0; left--)
        {
            var isSession = keys.TryParseSession(reader.ReadBytes(), out var key);
            var entry = HeaderReading.Read(key, ref reader, now) with
            {
                Life = HeaderReading.LifeOf(reader.ReadInt64()),
            };
            // A name that is no key of a session is counted too: nothing of it can be merged.
            found.Add(new Found(key, isSession ? entry : entry with { Header = null }));
        }

        return new Page(next, found);
    }

    /// <summary>One session of the source.</summary>
    /// <param name="Key">Which.</param>
    /// <param name="Entry">Its header.</param>
    internal readonly record struct Found(SessionKey Key, MergeEntry Entry);

    /// <summary>Some of them.</summary>
    /// <param name="Next">The cursor of the next page.</param>
    /// <param name="Sessions">What was found.</param>
    internal readonly record struct Page(byte[] Next, IReadOnlyList<Found> Sessions)
    {
        /// <summary>Whether there are no more.</summary>
        public bool IsLast => Next is [(byte)'0'];
    }
}
