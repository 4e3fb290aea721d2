using System.Buffers.Text;
using System.Security.Cryptography;

namespace ClusterSession.Records;

/// <summary>
/// The id of a rotated session's successor, sealed so that only who brings the old id can read it:
/// requests that were under way when their browser's id was rotated find the session, and the store
/// still knows no id.
/// </summary>
/// <remarks>
/// <code>
/// seal = new id XOR HKDF-SHA256(input: old id, salt: key of the successor, info: "ClusterSession
/// successor"), 18 bytes
/// </code>
/// The key of the successor, a hash of its id, is next to it and proves the result: a MAC of
/// its own would say no more.
/// An old id is 144 random bits and rotated once, so that no stream is used twice: another
/// successor is another salt.
/// </remarks>
internal static class SuccessorSeal
{
    private static ReadOnlySpan<byte> Info => "ClusterSession successor"u8;

    public static SessionSuccessor Seal(in SessionId old, in SessionId successor, SessionKey key)
    {
        Span<byte> seal = stackalloc byte[SessionId.ByteLength];
        Apply(old, key, successor.Bytes, seal);
        return new SessionSuccessor(key, Base64Url.EncodeToString(seal));
    }

    /// <summary>The successor's id; false if there is no seal, or the id is not the one that the
    /// session was rotated from.</summary>
    public static bool TryOpen(in SessionId old, SessionSuccessor successor, out SessionId id)
    {
        id = default;
        if (successor.Seal is not { } text || !SessionId.TryParse(text, out var seal))
        {
            return false;
        }

        Span<byte> bytes = stackalloc byte[SessionId.ByteLength];
        Apply(old, successor.Key, seal.Bytes, bytes);
        id = new SessionId(bytes);
        return SessionKey.Of(id) == successor.Key;
    }

    private static void Apply(in SessionId old, SessionKey key, ReadOnlySpan<byte> from, Span<byte> to)
    {
        Span<byte> salt = stackalloc byte[SessionKey.TextLength];
        key.WriteText(salt);
        HKDF.DeriveKey(HashAlgorithmName.SHA256, old.Bytes, to, salt, Info);
        for (var i = 0; i < to.Length; i++)
        {
            to[i] ^= from[i];
        }
    }
}
