namespace ClusterSession.Records;

/// <summary>
/// Unsigned LEB128 for lengths and indexes: seven bits a byte, least significant first, high bit
/// set on all but the last.
/// </summary>
internal static class Varint
{
    public const int MaxLength = 5;

    public static int Length(int value) =>
        value < 0x80 ? 1
        : value < 0x4000 ? 2
        : value < 0x20_0000 ? 3
        : value < 0x1000_0000 ? 4
        : 5;

    public static void Write(Span<byte> destination, ref int at, int value)
    {
        var rest = (uint)value;
        while (rest >= 0x80)
        {
            destination[at++] = (byte)(rest | 0x80);
            rest >>= 7;
        }

        destination[at++] = (byte)rest;
    }

    /// <summary>Reads a varint from bytes that are known to hold one.</summary>
    public static int Read(ReadOnlySpan<byte> source, scoped ref int at)
    {
        int value = source[at++];
        if (value < 0x80)
        {
            return value;
        }

        value &= 0x7f;
        for (var shift = 7; ; shift += 7)
        {
            int next = source[at++];
            value |= (next & 0x7f) << shift;
            if (next < 0x80)
            {
                return value;
            }
        }
    }

    /// <summary>Reads a varint from bytes that came from outside.</summary>
    public static bool TryRead(ReadOnlySpan<byte> source, ref int at, out int value)
    {
        value = 0;
        for (var shift = 0; shift < 7 * MaxLength; shift += 7)
        {
            if (at >= source.Length)
            {
                return false;
            }

            var next = source[at++];
            if (shift == 28 && next > 0x07)
            {
                return false;
            }

            value |= (next & 0x7f) << shift;
            if (next < 0x80)
            {
                return true;
            }
        }

        return false;
    }
}
