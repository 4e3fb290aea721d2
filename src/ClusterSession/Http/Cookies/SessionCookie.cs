using System.Buffers;
using System.Buffers.Text;
using System.Security.Cryptography;
using ClusterSession.Sessions;

namespace ClusterSession.Http.Cookies;

/// <summary>
/// The value of the session cookie: the id, and a signed token that says which commit this client has seen last.
/// </summary>
/// <remarks>
/// <code>
/// id (24 characters of base64url, 18 bytes) '.' token (44 characters of base64url, 33 bytes)
///
/// token: offset  size  field
///        0       1     format = 1
///        1       3     key id, big-endian
///        4       13    version that the client saw last (stamp 7, writer 6)
///        17      16    first half of HMAC-SHA256(secret, "ClusterSession 1" | id | token[0..17])
/// </code>
/// The id is in front and never changes while it lives, so that a balancer can hash on it. Its length is fixed, so no two pairs of
/// id and token give the same message to the MAC. A MAC of 128 bits is as strong as the id. Base64url in its
/// canonical form only: each value has one text, and another text is refused.
/// Data Protection was rejected: 8.5 us and 1,136 bytes a cookie against 0.6 us and none, and its key ring is not shared by default.
/// </remarks>
internal static class SessionCookie
{
    public const int TokenLength = 33;
    public const int TokenTextLength = 44;
    public const int TextLength = SessionId.TextLength + 1 + TokenTextLength;
    private const byte Format = 1;
    private const int VersionOffset = 4;
    private const int MacOffset = VersionOffset + SessionVersion.EncodedLength;
    private const int MacLength = 16;

    private static ReadOnlySpan<byte> Purpose => "ClusterSession 1"u8;

    public static string Write(in SessionId id, SessionVersion seen, CookieKey key)
    {
        Span<char> text = stackalloc char[TextLength];
        Write(text, id, seen, key);
        return new string(text);
    }

    /// <summary>Writes <see cref="TextLength"/> characters.</summary>
    public static void Write(Span<char> text, in SessionId id, SessionVersion seen, CookieKey key)
    {
        Span<byte> token = stackalloc byte[TokenLength];
        token[0] = Format;
        token[1] = (byte)(key.Id >> 16);
        token[2] = (byte)(key.Id >> 8);
        token[3] = (byte)key.Id;
        seen.WriteTo(token[VersionOffset..]);
        Span<byte> mac = stackalloc byte[HMACSHA256.HashSizeInBytes];
        Sign(id, token, key, mac);
        mac[..MacLength].CopyTo(token[MacOffset..]);

        id.WriteText(text);
        text[SessionId.TextLength] = '.';
        Base64Url.EncodeToChars(token, text[(SessionId.TextLength + 1)..], out _, out _);
    }

    /// <summary>Reads a cookie value. Whatever is wrong with it, the answer says no more than that.</summary>
    public static CookieReading Read(ReadOnlySpan<char> text, SessionKeyRing ring)
    {
        Span<byte> token = stackalloc byte[TokenLength];
        if (text.Length != TextLength
            || text[SessionId.TextLength] != '.'
            || !SessionId.TryParse(text[..SessionId.TextLength], out var id)
            || Base64Url.DecodeFromChars(text[(SessionId.TextLength + 1)..], token, out _, out var written) != OperationStatus.Done
            || written != TokenLength
            || token[0] != Format
            || !SessionVersion.TryRead(token[VersionOffset..], out var seen))
        {
            return CookieReading.Refused;
        }

        var keyId = (token[1] << 16) | (token[2] << 8) | token[3];
        if (ring.Find(keyId) is not { } key)
        {
            return CookieReading.UnknownKey;
        }

        Span<byte> mac = stackalloc byte[HMACSHA256.HashSizeInBytes];
        Sign(id, token, key, mac);
        return CryptographicOperations.FixedTimeEquals(mac[..MacLength], token[MacOffset..])
            ? new CookieReading(CookieVerdict.Valid, id, SessionKey.Of(id), seen, keyId)
            : CookieReading.Refused;
    }

    private static void Sign(in SessionId id, ReadOnlySpan<byte> token, CookieKey key, Span<byte> mac)
    {
        Span<byte> message = stackalloc byte[16 + SessionId.ByteLength + MacOffset];
        Purpose.CopyTo(message);
        id.Bytes.CopyTo(message[16..]);
        token[..MacOffset].CopyTo(message[(16 + SessionId.ByteLength)..]);
        key.Sign(message, mac);
    }
}
