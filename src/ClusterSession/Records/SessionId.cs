using System.Buffers;
using System.Buffers.Text;
using System.Runtime.CompilerServices;
using System.Security.Cryptography;

namespace ClusterSession.Records;

/// <summary>
/// The secret that names a session: 144 random bits, 24 characters of base64url in the cookie. It
/// stays the same until a rotation replaces it, and is never logged. A store gets it only sealed,
/// as that of a successor (<see cref="SuccessorSeal"/>).
/// </summary>
internal readonly struct SessionId : IEquatable<SessionId>
{
    /// <summary>
    /// 18 bytes: above the 128 bits that OWASP ASVS 5 (7.2.3) asks for, and base64url of it needs
    /// no padding.
    /// </summary>
    public const int ByteLength = 18;

    public const int TextLength = 24;

    private readonly Storage _bytes;

    /// <param name="bytes"><see cref="ByteLength"/> bytes.</param>
    public SessionId(ReadOnlySpan<byte> bytes) => bytes.CopyTo(_bytes);

    [InlineArray(ByteLength)]
    private struct Storage
    {
        private byte _first;
    }

    [System.Diagnostics.CodeAnalysis.UnscopedRef]
    public ReadOnlySpan<byte> Bytes => _bytes;

    public static SessionId New(RandomNumberGenerator random)
    {
        Span<byte> bytes = stackalloc byte[ByteLength];
        random.GetBytes(bytes);
        return new SessionId(bytes);
    }

    public static bool TryParse(ReadOnlySpan<char> text, out SessionId id)
    {
        Span<byte> bytes = stackalloc byte[ByteLength];
        id = default;
        if (
            text.Length != TextLength
            || Base64Url.DecodeFromChars(text, bytes, out _, out var written) != OperationStatus.Done
            || written != ByteLength
        )
        {
            return false;
        }

        id = new SessionId(bytes);
        return true;
    }

    public void WriteText(Span<char> destination) => Base64Url.EncodeToChars(Bytes, destination, out _, out _);

    public bool Equals(SessionId other) => Bytes.SequenceEqual(other.Bytes);

    public override bool Equals(object? obj) => obj is SessionId other && Equals(other);

    public override int GetHashCode() => SessionKey.Of(this).GetHashCode();

    /// <summary>Says nothing: an id that is printed by mistake must not be one.</summary>
    public override string ToString() => "SessionId";
}
