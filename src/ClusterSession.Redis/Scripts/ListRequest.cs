using ClusterSession.Records;
using ClusterSession.Redis.Connection;
using ClusterSession.Redis.Protocol;
using ClusterSession.Redis.Requests;
using ClusterSession.Stores;

namespace ClusterSession.Redis.Scripts;

/// <summary>list.lua, always sent whole: it is rare, and goes to each server in turn.</summary>
internal sealed class ListRequest(RedisKeys keys, ReadOnlyMemory<byte> cursor, int most)
    : RedisRequest<(string Next, IReadOnlyList<ListedSession> Sessions)>
{
    public override bool IsRead => true;

    public override void WriteTo(ref RespWriter writer)
    {
        writer.WriteCommand("EVAL"u8, 5);
        writer.WriteBulk(RedisScript.List.Body);
        writer.WriteBulk("0"u8);
        writer.WriteBulk(cursor.Span);
        writer.WriteBulk(keys.SessionPattern);
        writer.WriteBulk(most);
    }

    protected override (string Next, IReadOnlyList<ListedSession> Sessions) Parse(ref RespReader reader)
    {
        var left = reader.Count - 1;
        var next = System.Text.Encoding.ASCII.GetString(reader.ReadBytes());
        var found = new List<ListedSession>(left / 3);
        for (; left > 0; left -= 3)
        {
            var isSession = keys.TryParseSession(reader.ReadBytes(), out var key);
            var isVersion = SessionVersion.TryRead(reader.ReadBytes(), out var version);
            var life = reader.ReadInt64();
            if (isSession && isVersion && life != 0)
            {
                found.Add(new ListedSession(key, version, life < 0 ? null : TimeSpan.FromMilliseconds(life)));
            }
        }

        return (next, found);
    }
}
