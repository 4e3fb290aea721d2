using System.Buffers;
using System.Buffers.Binary;
using System.Text;

namespace ClusterSession.Failover.Wire;

/// <summary>
/// Writes numbers big-endian, texts and bytes behind their length: docs/wire-formats.md.
/// </summary>
internal sealed class WireWriter
{
    private readonly ArrayBufferWriter<byte> _buffer = new();

    public ReadOnlyMemory<byte> Written => _buffer.WrittenMemory;

    public void Byte(byte value)
    {
        _buffer.GetSpan(1)[0] = value;
        _buffer.Advance(1);
    }

    public void Int64(long value)
    {
        BinaryPrimitives.WriteInt64BigEndian(_buffer.GetSpan(sizeof(long)), value);
        _buffer.Advance(sizeof(long));
    }

    public void Id(UInt128 value)
    {
        BinaryPrimitives.WriteUInt128BigEndian(_buffer.GetSpan(16), value);
        _buffer.Advance(16);
    }

    public void Bytes(ReadOnlySpan<byte> value)
    {
        BinaryPrimitives.WriteInt32BigEndian(_buffer.GetSpan(sizeof(int)), value.Length);
        _buffer.Advance(sizeof(int));
        _buffer.Write(value);
    }

    /// <summary>Null is not the empty text: its length is -1.</summary>
    public void Text(string? value)
    {
        if (value is null)
        {
            BinaryPrimitives.WriteInt32BigEndian(_buffer.GetSpan(sizeof(int)), -1);
            _buffer.Advance(sizeof(int));
            return;
        }

        Bytes(Encoding.UTF8.GetBytes(value));
    }
}
