using ClusterSession.Failover.Coordination;
using ClusterSession.Failover.Wire;

namespace ClusterSession.Failover.Leases;

/// <summary>What an operation came to, and the state then.</summary>
internal sealed record Answer(AnswerKind Kind, CoordinationState State)
{
    public static readonly Answer NotLeader = new(AnswerKind.NotLeader, CoordinationState.None);
    public static readonly Answer Unknown = new(AnswerKind.Unknown, CoordinationState.None);

    public ReadOnlyMemory<byte> Encode()
    {
        var writer = new WireWriter();
        writer.Byte(Operation.Format);
        writer.Byte((byte)Kind);
        writer.Text(State.LastHolder);
        writer.Int64(State.Epoch);
        writer.Byte(State.IsHeld ? (byte)1 : (byte)0);
        writer.Int64(State.Version);
        writer.Bytes(State.Document.Span);
        writer.Int64((long)State.Ttl.TotalMilliseconds);
        return writer.Written;
    }

    /// <exception cref="InvalidDataException">These bytes are not an answer of this
    /// release.</exception>
    public static Answer Decode(ReadOnlySpan<byte> bytes)
    {
        var reader = new WireReader(bytes);
        if (reader.Byte() is var format && format != Operation.Format)
        {
            throw new InvalidDataException(
                $"The answer has format {format}, and this release reads {Operation.Format}."
            );
        }

        var kind = (AnswerKind)reader.Byte();
        var state = new CoordinationState(
            reader.Text(),
            reader.Int64(),
            reader.Byte() != 0,
            reader.Int64(),
            reader.Bytes()
        )
        {
            Ttl = TimeSpan.FromMilliseconds(Math.Clamp(reader.Int64(), 0, Operation.LongestTtlMilliseconds)),
        };
        reader.End();
        return Enum.IsDefined(kind)
            ? new Answer(kind, state)
            : throw new InvalidDataException($"Unknown kind of answer: {kind}.");
    }
}
