using ClusterSession.Redis.Protocol;

namespace ClusterSession.Redis.Connection;

/// <summary>GET: the value, or null. Set the key, send, await, use again.</summary>
internal sealed class GetRequest : RedisRequest<byte[]?>
{
    /// <summary>The key.</summary>
    public ReadOnlyMemory<byte> Key { get; set; }

    /// <inheritdoc/>
    public override void WriteTo(ref RespWriter writer)
    {
        writer.WriteCommand("GET"u8, 1);
        writer.WriteBulk(Key.Span);
    }

    /// <inheritdoc/>
    protected override byte[]? Parse(ref RespReader reader) => reader.IsNull ? null : reader.Bytes.ToArray();
}
