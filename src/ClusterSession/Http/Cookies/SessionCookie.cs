using System.Buffers;
using System.Buffers.Text;
using System.Security.Cryptography;
using ClusterSession.KeyRing;
using ClusterSession.Records;

namespace ClusterSession.Http.Cookies;

/// <summary>
/// The value of the session cookie: the id, and a signed token that says which commit this client
/// has seen last.
/// </summary>
/// <remarks>
/// <code>
/// id (24 characters of base64url, 18 bytes) '.' token (44 characters of base64url, 33 bytes)
///
/// token: offset  size  field
///        0       1     format = 1
///        1       3     key id, big-endian
///        4       13    version that the client saw last (stamp 7, writer 6)
///        17      16    first half of HMAC-SHA256(key, "ClusterSession 1" | id | token[0..17])
///
/// key:   HMAC-SHA256(secret, "ClusterSession application 1" | 0 | application)
/// </code>
/// The id is in front and never changes while it lives, so that a balancer can hash on it. Its
/// length is fixed, so no two pairs of id and token give the same message to the MAC. The MAC has
/// 128 bits, which is what OWASP ASVS asks of a session id. Only the canonical form of base64url is
/// accepted: each value has one text, and another text is refused. Data Protection was rejected:
/// 8.5 us and 1,136 bytes a cookie against 0.6 us and none, and its key ring is not shared by
/// default.
/// </remarks>
internal static class SessionCookie
{
    public const int TextLength = SessionId.TextLength + 1 + TokenTextLength;

    /// <summary>Id and token.</summary>
    public const int ByteLength = SessionId.ByteLength + TokenLength;

    private const int TokenLength = 33;
    private const int TokenTextLength = 44;
    private const byte Format = 1;
    private const int VersionOffset = SessionId.ByteLength + 4;
    private const int MacOffset = VersionOffset + SessionVersion.EncodedLength;

    private static ReadOnlySpan<byte> Purpose => "ClusterSession 1"u8;

    public static string Write(in SessionId id, SessionVersion seen, CookieKey key)
    {
        Span<byte> cookie = stackalloc byte[ByteLength];
        Span<char> text = stackalloc char[TextLength];
        Sign(cookie, id, seen, key);
        Encode(cookie, text);
        return new string(text);
    }

    /// <summary>
    /// Reads a cookie value. Whatever is wrong with it, the answer says no more than that.
    /// </summary>
    public static CookieReading Read(ReadOnlySpan<char> text, SessionKeyRing ring)
    {
        Span<byte> cookie = stackalloc byte[ByteLength];
        return TryDecode(text, cookie) ? Verify(cookie, ring) : CookieReading.Refused;
    }

    /// <summary>Makes the <see cref="ByteLength"/> bytes of a cookie.</summary>
    public static void Sign(Span<byte> cookie, in SessionId id, SessionVersion seen, CookieKey key)
    {
        id.Bytes.CopyTo(cookie);
        var token = cookie[SessionId.ByteLength..];
        token[0] = Format;
        token[1] = (byte)(key.Id >> 16);
        token[2] = (byte)(key.Id >> 8);
        token[3] = (byte)key.Id;
        seen.WriteTo(cookie[VersionOffset..]);
        Span<byte> mac = stackalloc byte[HMACSHA256.HashSizeInBytes];
        Mac(cookie, key, mac);
        mac[..(ByteLength - MacOffset)].CopyTo(cookie[MacOffset..]);
    }

    /// <summary>Writes <see cref="TextLength"/> characters.</summary>
    public static void Encode(ReadOnlySpan<byte> cookie, Span<char> text)
    {
        Base64Url.EncodeToChars(cookie[..SessionId.ByteLength], text, out _, out _);
        text[SessionId.TextLength] = '.';
        Base64Url.EncodeToChars(cookie[SessionId.ByteLength..], text[(SessionId.TextLength + 1)..], out _, out _);
    }

    /// <summary>
    /// The bytes of a text that has a cookie's form; its signature is not looked at.
    /// </summary>
    public static bool TryDecode(ReadOnlySpan<char> text, Span<byte> cookie) =>
        text.Length == TextLength
        && text[SessionId.TextLength] == '.'
        && Base64Url.DecodeFromChars(text[..SessionId.TextLength], cookie, out _, out var written)
            == OperationStatus.Done
        && written == SessionId.ByteLength
        && Base64Url.DecodeFromChars(
            text[(SessionId.TextLength + 1)..],
            cookie[SessionId.ByteLength..],
            out _,
            out written
        ) == OperationStatus.Done
        && written == TokenLength;

    public static CookieReading Verify(ReadOnlySpan<byte> cookie, SessionKeyRing ring)
    {
        if (cookie[SessionId.ByteLength] != Format || !SessionVersion.TryRead(cookie[VersionOffset..], out _))
        {
            return CookieReading.Refused;
        }

        if (ring.Find(KeyIdOf(cookie)) is not { } key)
        {
            return CookieReading.UnknownKey;
        }

        Span<byte> mac = stackalloc byte[HMACSHA256.HashSizeInBytes];
        Mac(cookie, key, mac);
        return CryptographicOperations.FixedTimeEquals(mac[..(ByteLength - MacOffset)], cookie[MacOffset..])
            ? ReadVerified(cookie, SessionKey.Of(new SessionId(cookie[..SessionId.ByteLength])))
            : CookieReading.Refused;
    }

    /// <summary>What a cookie says that is known to be one.</summary>
    public static CookieReading ReadVerified(ReadOnlySpan<byte> cookie, SessionKey key)
    {
        SessionVersion.TryRead(cookie[VersionOffset..], out var seen);
        return new CookieReading(
            CookieResult.Valid,
            new SessionId(cookie[..SessionId.ByteLength]),
            key,
            seen,
            KeyIdOf(cookie)
        );
    }

    private static int KeyIdOf(ReadOnlySpan<byte> cookie) =>
        (cookie[SessionId.ByteLength + 1] << 16)
        | (cookie[SessionId.ByteLength + 2] << 8)
        | cookie[SessionId.ByteLength + 3];

    private static void Mac(ReadOnlySpan<byte> cookie, CookieKey key, Span<byte> mac)
    {
        Span<byte> message = stackalloc byte[16 + MacOffset];
        Purpose.CopyTo(message);
        cookie[..MacOffset].CopyTo(message[16..]);
        key.Sign(message, mac);
    }
}
