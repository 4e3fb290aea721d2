using System.Buffers;
using System.Buffers.Binary;
using System.Text;

namespace ClusterSession.ZooKeeper.Protocol;

/// <summary>
/// Writes values as ZooKeeper's servers read them: numbers big-endian, texts, buffers and vectors
/// behind their length, which is -1 for null.
/// </summary>
internal sealed class JuteWriter
{
    private readonly ArrayBufferWriter<byte> _buffer = new();

    /// <summary>All that was written.</summary>
    public ReadOnlyMemory<byte> Written => _buffer.WrittenMemory;

    public JuteWriter Bool(bool value)
    {
        _buffer.GetSpan(1)[0] = value ? (byte)1 : (byte)0;
        _buffer.Advance(1);
        return this;
    }

    public JuteWriter Int(int value)
    {
        BinaryPrimitives.WriteInt32BigEndian(_buffer.GetSpan(sizeof(int)), value);
        _buffer.Advance(sizeof(int));
        return this;
    }

    public JuteWriter Long(long value)
    {
        BinaryPrimitives.WriteInt64BigEndian(_buffer.GetSpan(sizeof(long)), value);
        _buffer.Advance(sizeof(long));
        return this;
    }

    public JuteWriter Text(string? value)
    {
        if (value is null)
        {
            return Int(-1);
        }

        Int(Encoding.UTF8.GetByteCount(value));
        Encoding.UTF8.GetBytes(value, _buffer);
        return this;
    }

    /// <summary>A buffer that is there; <see cref="NoBuffer"/> writes null.</summary>
    public JuteWriter Buffer(ReadOnlySpan<byte> value)
    {
        Int(value.Length);
        _buffer.Write(value);
        return this;
    }

    public JuteWriter NoBuffer() => Int(-1);

    public JuteWriter Texts(IReadOnlyCollection<string>? values)
    {
        Int(values?.Count ?? -1);
        foreach (var value in values ?? [])
        {
            Text(value);
        }

        return this;
    }
}
