using ClusterSession.Redis.Protocol;

namespace ClusterSession.Redis.Connection;

/// <summary>
/// ASKING: the next command on this connection may use a slot that is still being imported. Sent
/// with that command, never alone.
/// </summary>
internal sealed class AskingRequest : RedisRequest<bool>
{
    /// <inheritdoc/>
    public override void WriteTo(ref RespWriter writer) => writer.WriteCommand("ASKING"u8, 0);

    /// <inheritdoc/>
    protected override bool Parse(ref RespReader reader) => true;

    /// <inheritdoc/>
    protected override bool ParseError(RedisErrorKind kind, ReadOnlySpan<byte> text) => false;
}
