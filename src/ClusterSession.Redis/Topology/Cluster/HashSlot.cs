using System.Buffers.Text;

namespace ClusterSession.Redis.Topology.Cluster;

/// <summary>
/// Which of the 16384 slots of a cluster a key is in: CRC-16/XMODEM of the key, or of what stands
/// between its first { and the next }.
/// </summary>
/// <remarks>https://redis.io/docs/latest/operate/oss_and_stack/reference/cluster-spec/ : an empty
/// tag {} does not count.</remarks>
internal static class HashSlot
{
    /// <summary>How many slots there are.</summary>
    public const int Count = 16384;

    private static readonly ushort[] Table = MakeTable();

    private static readonly Lazy<int[]> Numbers = new(FindNumbers);

    /// <summary>The slot of a key, 0 to 16383.</summary>
    public static int Of(ReadOnlySpan<byte> key)
    {
        var open = key.IndexOf((byte)'{');
        if (open >= 0)
        {
            var length = key[(open + 1)..].IndexOf((byte)'}');
            if (length > 0)
            {
                key = key.Slice(open + 1, length);
            }
        }

        return Crc16(key) % Count;
    }

    /// <summary>A number whose digits are a key of the slot.</summary>
    public static int KeyNumberIn(int slot) => Numbers.Value[slot];

    /// <summary>CRC-16/XMODEM: polynomial 0x1021, initially 0, nothing reflected.</summary>
    public static ushort Crc16(ReadOnlySpan<byte> bytes)
    {
        ushort crc = 0;
        foreach (var one in bytes)
        {
            crc = (ushort)((crc << 8) ^ Table[(crc >> 8) ^ one]);
        }

        return crc;
    }

    private static ushort[] MakeTable()
    {
        var table = new ushort[256];
        for (var i = 0; i < table.Length; i++)
        {
            var crc = (ushort)(i << 8);
            for (var bit = 0; bit < 8; bit++)
            {
                crc = (ushort)((crc & 0x8000) != 0 ? (crc << 1) ^ 0x1021 : crc << 1);
            }

            table[i] = crc;
        }

        return table;
    }

    private static int[] FindNumbers()
    {
        var numbers = new int[Count];
        var left = Count;
        Span<byte> key = stackalloc byte[11];
        for (var number = 1; left > 0; number++)
        {
            Utf8Formatter.TryFormat(number, key, out var length);
            var slot = Of(key[..length]);
            if (numbers[slot] == 0)
            {
                numbers[slot] = number;
                left--;
            }
        }

        return numbers;
    }
}
