using System.Buffers.Binary;
using System.Buffers.Text;
using System.Security.Cryptography;

namespace ClusterSession.Records;

/// <summary>
/// What stores and logs of stores may know of a session: the first 128 bits of the SHA-256 of its
/// id. The id itself, which is as good as a password while the session lives, never leaves the node
/// and the client.
/// </summary>
public readonly record struct SessionKey
{
    /// <summary>How many bytes a key has.</summary>
    public const int ByteLength = 16;

    /// <summary>How many characters its text has.</summary>
    public const int TextLength = 22;

    private readonly ulong _high;
    private readonly ulong _low;

    private SessionKey(ReadOnlySpan<byte> bytes)
    {
        _high = BinaryPrimitives.ReadUInt64BigEndian(bytes);
        _low = BinaryPrimitives.ReadUInt64BigEndian(bytes[8..]);
    }

    /// <summary>
    /// The first 64 bits of the key: what a store keeps with a record, so that one that was copied
    /// to another key is refused there. It is no secret and no MAC: anyone who can write the store
    /// can write it too.
    /// </summary>
    public ulong Mark => _high;

    /// <summary>The key of the session with this id.</summary>
    internal static SessionKey Of(in SessionId id)
    {
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(id.Bytes, hash);
        return new SessionKey(hash);
    }

    /// <summary>
    /// A key from its <see cref="ByteLength"/> bytes, as <see cref="WriteBytes"/> writes them.
    /// </summary>
    internal static SessionKey FromBytes(ReadOnlySpan<byte> bytes) => new(bytes);

    /// <summary>Reads the text of a key as <see cref="ToString"/> writes it.</summary>
    /// <param name="text">Base64url, UTF-8, <see cref="TextLength"/> characters.</param>
    /// <param name="key">The key.</param>
    /// <returns>False if the text is no key.</returns>
    public static bool TryParse(ReadOnlySpan<byte> text, out SessionKey key)
    {
        Span<byte> bytes = stackalloc byte[ByteLength];
        key = default;
        if (
            text.Length != TextLength
            || Base64Url.DecodeFromUtf8(text, bytes, out _, out var written) != System.Buffers.OperationStatus.Done
            || written != ByteLength
        )
        {
            return false;
        }

        key = new SessionKey(bytes);
        return true;
    }

    /// <summary>Writes the key as <see cref="ByteLength"/> bytes.</summary>
    internal void WriteBytes(Span<byte> destination)
    {
        BinaryPrimitives.WriteUInt64BigEndian(destination, _high);
        BinaryPrimitives.WriteUInt64BigEndian(destination[8..], _low);
    }

    /// <summary>Writes the text of the key as UTF-8.</summary>
    /// <param name="destination">At least <see cref="TextLength"/> bytes.</param>
    public void WriteText(Span<byte> destination)
    {
        Span<byte> bytes = stackalloc byte[ByteLength];
        WriteBytes(bytes);
        Base64Url.EncodeToUtf8(bytes, destination, out _, out _);
    }

    /// <summary>The key as 22 characters of base64url.</summary>
    public override string ToString()
    {
        Span<byte> text = stackalloc byte[TextLength];
        WriteText(text);
        return System.Text.Encoding.ASCII.GetString(text);
    }

    /// <inheritdoc/>
    public bool Equals(SessionKey other) => _high == other._high && _low == other._low;

    /// <summary>The bits are those of a cryptographic hash, so any 32 of them do.</summary>
    public override int GetHashCode() => (int)_high;

    /// <summary>
    /// Spreads sessions over <paramref name="stripes"/> stripes (a power of two), by bits that
    /// <see cref="GetHashCode"/> leaves out.
    /// </summary>
    internal int Stripe(int stripes) => (int)(_low & (uint)(stripes - 1));
}
