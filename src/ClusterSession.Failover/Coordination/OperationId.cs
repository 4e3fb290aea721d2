using System.Security.Cryptography;

namespace ClusterSession.Failover.Coordination;

/// <summary>
/// Names one operation. An operation that is repeated under the same id, since its outcome is
/// unknown, is done once and answered alike.
/// </summary>
/// <param name="Value">128 random bits.</param>
public readonly record struct OperationId(UInt128 Value)
{
    /// <summary>Size of an id in bytes.</summary>
    internal const int Size = 16;

    /// <summary>An id that no other operation has.</summary>
    public static OperationId New() =>
        new(System.Buffers.Binary.BinaryPrimitives.ReadUInt128BigEndian(RandomNumberGenerator.GetBytes(Size)));

    /// <inheritdoc/>
    public override string ToString() => Value.ToString("x32", null);
}
