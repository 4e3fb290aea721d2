using ClusterSession.Redis.Connection;
using ClusterSession.Redis.Protocol;

namespace ClusterSession.MacroBenchmarks.Measures;

/// <summary>
/// KEYS: of all sessions, of any library; what nodes share among each other is no session.
/// </summary>
internal sealed class SessionKeysRequest : RedisRequest<List<byte[]>>
{
    public override void WriteTo(ref RespWriter writer)
    {
        writer.WriteCommand("KEYS"u8, 1);
        writer.WriteBulk("*"u8);
    }

    protected override List<byte[]> Parse(ref RespReader reader)
    {
        var keys = new List<byte[]>();
        for (var left = reader.Count; left > 0; left--)
        {
            var key = reader.ReadBytes();
            if (key.IndexOf(":shared:"u8) < 0 && key.IndexOf(":document:"u8) < 0)
            {
                keys.Add(key.ToArray());
            }
        }

        return keys;
    }
}

/// <summary>HGETALL whose reply is not looked at.</summary>
internal sealed class HashGetAllRequest(byte[] key) : RedisRequest<int>
{
    public override void WriteTo(ref RespWriter writer)
    {
        writer.WriteCommand("HGETALL"u8, 1);
        writer.WriteBulk(key);
    }

    protected override int Parse(ref RespReader reader) => reader.Count;
}
