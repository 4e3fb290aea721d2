using ClusterSession.Redis.Protocol;

namespace ClusterSession.Redis.Connection;

/// <summary>
/// EXISTS of a key that nobody writes: answered by the server of its slot. A refusal is the
/// result; null: none.
/// </summary>
internal sealed class KeyedHeartbeatRequest(byte[] key) : RedisRequest<(RedisErrorKind Kind, string Text)?>
{
    public override bool IsRead => true;

    public override bool IsKeyed => true;

    public override void WriteTo(ref RespWriter writer)
    {
        writer.WriteCommand("EXISTS"u8, 1);
        writer.WriteBulk(key);
    }

    protected override (RedisErrorKind Kind, string Text)? Parse(ref RespReader reader)
    {
        reader.GetInt64();
        return null;
    }

    protected override (RedisErrorKind Kind, string Text)? ParseError(RedisErrorKind kind, ReadOnlySpan<byte> text) =>
        (kind, RedisError.Describe(text));
}
