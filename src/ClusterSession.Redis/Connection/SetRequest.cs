using ClusterSession.Redis.Protocol;

namespace ClusterSession.Redis.Connection;

/// <summary>SET, with an expiry where one is given; true when it was stored. Set it up, send, await, use again.</summary>
internal sealed class SetRequest : RedisRequest<bool>
{
    /// <summary>The key.</summary>
    public ReadOnlyMemory<byte> Key { get; set; }

    /// <summary>The value.</summary>
    public ReadOnlyMemory<byte> Value { get; set; }

    /// <summary>Expiry in milliseconds (PX); default null: none.</summary>
    public long? ExpiryMilliseconds { get; set; }

    /// <summary>Only if the key does not exist (NX); default false.</summary>
    public bool OnlyIfMissing { get; set; }

    /// <inheritdoc/>
    public override void WriteTo(ref RespWriter writer)
    {
        writer.WriteCommand("SET"u8, 2 + (ExpiryMilliseconds.HasValue ? 2 : 0) + (OnlyIfMissing ? 1 : 0));
        writer.WriteBulk(Key.Span);
        writer.WriteBulk(Value.Span);
        if (ExpiryMilliseconds is { } milliseconds)
        {
            writer.WriteBulk("PX"u8);
            writer.WriteBulk(milliseconds);
        }

        if (OnlyIfMissing)
            writer.WriteBulk("NX"u8);
    }

    /// <inheritdoc/>
    protected override bool Parse(ref RespReader reader) => !reader.IsNull;
}
