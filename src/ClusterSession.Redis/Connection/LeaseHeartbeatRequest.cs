using ClusterSession.Redis.Protocol;

namespace ClusterSession.Redis.Connection;

/// <summary>Reads the lease record: why the server is not the ruler, or null if it is.</summary>
/// <remarks>
/// By a script that declares no key: a plain GET would be tracked, and each renewal of the lease
/// pushed to every node.
/// </remarks>
internal sealed class LeaseHeartbeatRequest(ILeaseGate gate) : RedisRequest<string?>
{
    public override bool IsRead => true;

    /// <inheritdoc/>
    public override bool ProvesLease(ReadOnlySpan<byte> reply)
    {
        if (reply.IsEmpty)
        {
            return false; // Too long to be one.
        }

        var reader = new RespReader(reply);
        reader.Read();
        return !reader.IsError && !reader.IsNull && gate.WhyClosed(reader.Bytes) is null;
    }

    public override void WriteTo(ref RespWriter writer)
    {
        writer.WriteCommand("EVAL"u8, 3);
        writer.WriteBulk("return redis.call('GET',ARGV[1])"u8);
        writer.WriteBulk(0);
        writer.WriteBulk(gate.Key.Span);
    }

    protected override string? Parse(ref RespReader reader) => gate.WhyClosed(reader.IsNull ? default : reader.Bytes);

    protected override string? ParseError(RedisErrorKind kind, ReadOnlySpan<byte> text) =>
        $"its lease record cannot be read: {RedisError.Describe(text)}";
}
