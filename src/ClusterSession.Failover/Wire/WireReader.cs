using System.Buffers.Binary;
using System.Text;

namespace ClusterSession.Failover.Wire;

/// <summary>Reads what <see cref="WireWriter"/> has written, and refuses anything else.</summary>
internal ref struct WireReader(ReadOnlySpan<byte> rest)
{
    private ReadOnlySpan<byte> _rest = rest;

    public byte Byte() => Take(1)[0];

    public long Int64() => BinaryPrimitives.ReadInt64BigEndian(Take(sizeof(long)));

    public UInt128 Id() => BinaryPrimitives.ReadUInt128BigEndian(Take(16));

    public byte[] Bytes() => Nullable() ?? throw new InvalidDataException("Bytes are missing.");

    public string? Text() => Nullable() is { } bytes ? Encoding.UTF8.GetString(bytes) : null;

    public readonly void End()
    {
        if (!_rest.IsEmpty)
        {
            throw new InvalidDataException($"{_rest.Length} bytes follow the end.");
        }
    }

    private byte[]? Nullable()
    {
        var length = BinaryPrimitives.ReadInt32BigEndian(Take(sizeof(int)));
        return length < 0 ? null : Take(length).ToArray();
    }

    private ReadOnlySpan<byte> Take(int length)
    {
        if (_rest.Length < length)
        {
            throw new InvalidDataException($"{length} bytes are needed, and {_rest.Length} are left.");
        }

        var taken = _rest[..length];
        _rest = _rest[length..];
        return taken;
    }
}
