using System.Buffers.Binary;
using System.Buffers.Text;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;
using ClusterSession.Records;

namespace ClusterSession.Principals;

/// <summary>
/// What sessions and the store know of who is logged in: the first 128 bits of the SHA-256 of the
/// name's UTF-8. Names are often addresses of people, and records are read by more eyes than those
/// that need them. It is a pseudonym and no secret: who can read the store can try names.
/// </summary>
internal readonly record struct PrincipalKey
{
    public const int ByteLength = 16;

    private readonly ulong _high;
    private readonly ulong _low;

    private PrincipalKey(ReadOnlySpan<byte> bytes)
    {
        _high = BinaryPrimitives.ReadUInt64BigEndian(bytes);
        _low = BinaryPrimitives.ReadUInt64BigEndian(bytes[8..]);
    }

    /// <summary>The key of the principal with this name.</summary>
    public static PrincipalKey Of(string name)
    {
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(Utf8Text.IsWellFormed(name) ? Encoding.UTF8.GetBytes(name) : BytesOfMalformed(name), hash);
        return new PrincipalKey(hash);
    }

    /// <summary>
    /// A name with a surrogate without its other half has no UTF-8 form. Its bytes are its UTF-16
    /// behind a byte that occurs in no UTF-8, so that two names never have the same key.
    /// </summary>
    private static byte[] BytesOfMalformed(string name) => [0xFF, .. MemoryMarshal.AsBytes(name.AsSpan())];

    /// <summary>Reads the first <see cref="ByteLength"/> bytes.</summary>
    public static PrincipalKey Read(ReadOnlySpan<byte> bytes) => new(bytes);

    public void WriteTo(Span<byte> destination)
    {
        BinaryPrimitives.WriteUInt64BigEndian(destination, _high);
        BinaryPrimitives.WriteUInt64BigEndian(destination[8..], _low);
    }

    public byte[] ToBytes()
    {
        var bytes = new byte[ByteLength];
        WriteTo(bytes);
        return bytes;
    }

    /// <summary>Base64url.</summary>
    public override string ToString() => Base64Url.EncodeToString(ToBytes());

    /// <summary>The bits are those of a cryptographic hash, so any 32 of them do.</summary>
    public override int GetHashCode() => (int)_high;

    public bool Equals(PrincipalKey other) => _high == other._high && _low == other._low;
}
