using ClusterSession.Redis.Connection;
using ClusterSession.Redis.Protocol;

namespace ClusterSession.MacroBenchmarks.Application;

/// <summary>
/// HMGET of the fields that Microsoft's RedisCache keeps: expiries always, data where it is wanted.
/// </summary>
internal sealed class HashGetRequest(byte[] key, bool withData) : RedisRequest<(bool Exists, byte[]? Data)>
{
    public override void WriteTo(ref RespWriter writer)
    {
        writer.WriteCommand("HMGET"u8, withData ? 4 : 3);
        writer.WriteBulk(key);
        writer.WriteBulk("absexp"u8);
        writer.WriteBulk("sldexp"u8);
        if (withData)
        {
            writer.WriteBulk("data"u8);
        }
    }

    protected override (bool Exists, byte[]? Data) Parse(ref RespReader reader)
    {
        var count = reader.Count;
        reader.Read();
        reader.Read();
        var exists = !reader.IsNull;
        if (count < 3)
        {
            return (exists, null);
        }

        reader.Read();
        return (exists, reader.IsNull ? null : reader.Bytes.ToArray());
    }
}

/// <summary>HMSET of the same fields.</summary>
internal sealed class HashSetRequest(byte[] key, long slidingSeconds, byte[] data) : RedisRequest<bool>
{
    public override void WriteTo(ref RespWriter writer)
    {
        writer.WriteCommand("HMSET"u8, 7);
        writer.WriteBulk(key);
        writer.WriteBulk("absexp"u8);
        writer.WriteBulk(-1);
        writer.WriteBulk("sldexp"u8);
        writer.WriteBulk(slidingSeconds * TimeSpan.TicksPerSecond);
        writer.WriteBulk("data"u8);
        writer.WriteBulk(data);
    }

    protected override bool Parse(ref RespReader reader) => !reader.IsError;
}

/// <summary>EXPIRE.</summary>
internal sealed class ExpireRequest(byte[] key, long seconds) : RedisRequest<long>
{
    public override void WriteTo(ref RespWriter writer)
    {
        writer.WriteCommand("EXPIRE"u8, 2);
        writer.WriteBulk(key);
        writer.WriteBulk(seconds);
    }

    protected override long Parse(ref RespReader reader) => reader.GetInt64();
}

/// <summary>DEL.</summary>
internal sealed class DeleteRequest(byte[] key) : RedisRequest<long>
{
    public override void WriteTo(ref RespWriter writer)
    {
        writer.WriteCommand("DEL"u8, 1);
        writer.WriteBulk(key);
    }

    protected override long Parse(ref RespReader reader) => reader.GetInt64();
}
