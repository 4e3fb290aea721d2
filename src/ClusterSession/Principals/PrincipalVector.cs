using System.Buffers.Binary;

namespace ClusterSession.Principals;

/// <summary>
/// Which revocations of a principal were known when a record of the principal was made: for each
/// node process that has ended all of the principal's sessions, the number of the last one.
/// </summary>
/// <remarks>
/// <code>
/// offset  size  field, per process, in no order
/// 0       6     process: the writer in the versions of its commits
/// 6       4     number of its last end
/// </code>
/// A process numbers its ends of all principals together, and never by the same number again: when
/// an end has been forgotten, sessions that have recorded it may still be in use.
/// </remarks>
internal static class PrincipalVector
{
    public const int PartLength = 10;

    private const int ProcessLength = 6;

    /// <summary>The number that a vector has for a process; 0 if it has none.</summary>
    public static long NumberOf(ReadOnlySpan<byte> vector, long process)
    {
        for (; vector.Length >= PartLength; vector = vector[PartLength..])
        {
            if (ReadProcess(vector) == process)
            {
                return BinaryPrimitives.ReadUInt32BigEndian(vector[ProcessLength..]);
            }
        }

        return 0;
    }

    /// <summary>What a record says of a principal, and one end more.</summary>
    public static byte[] With(ReadOnlySpan<byte> payload, long process, long number)
    {
        var bytes = payload.ToArray();
        for (var at = PrincipalKey.ByteLength; at + PartLength <= bytes.Length; at += PartLength)
        {
            if (ReadProcess(bytes.AsSpan(at)) == process)
            {
                WritePart(bytes.AsSpan(at), process, Math.Max(number, NumberOf(bytes.AsSpan(at), process)));
                return bytes;
            }
        }

        Array.Resize(ref bytes, bytes.Length + PartLength);
        WritePart(bytes.AsSpan(bytes.Length - PartLength), process, number);
        return bytes;
    }

    public static void WritePart(Span<byte> destination, long process, long number)
    {
        WriteProcess(destination, process);
        BinaryPrimitives.WriteUInt32BigEndian(destination[ProcessLength..], checked((uint)number));
    }

    public static void WriteProcess(Span<byte> destination, long process)
    {
        BinaryPrimitives.WriteUInt16BigEndian(destination, (ushort)(process >> 32));
        BinaryPrimitives.WriteUInt32BigEndian(destination[2..], (uint)process);
    }

    public static long ReadProcess(ReadOnlySpan<byte> source) =>
        ((long)BinaryPrimitives.ReadUInt16BigEndian(source) << 32) | BinaryPrimitives.ReadUInt32BigEndian(source[2..]);
}
