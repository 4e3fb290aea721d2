using ClusterSession.Redis.Protocol;

namespace ClusterSession.Redis.Connection;

/// <summary>
/// PING as a sign of life: an error (LOADING, BUSY, NOPERM) is one too, and is the result.
/// </summary>
internal sealed class PingRequest : RedisRequest<RedisErrorKind?>
{
    /// <inheritdoc/>
    public override void WriteTo(ref RespWriter writer) => writer.WriteCommand("PING"u8, 0);

    /// <inheritdoc/>
    protected override RedisErrorKind? Parse(ref RespReader reader) =>
        reader.Bytes.SequenceEqual("PONG"u8)
            ? null
            : throw new RespProtocolException("PING was not answered with PONG.");

    /// <inheritdoc/>
    protected override RedisErrorKind? ParseError(RedisErrorKind kind, ReadOnlySpan<byte> text) => kind;
}
