using System.Security.Cryptography;

namespace ClusterSession.KeyRing;

/// <summary>
/// Seals with a secret that the configuration gives; former ones still open. Thread-safe.
/// </summary>
/// <remarks>
/// <code>
/// offset  size  field
/// 0       1     format = 16
/// 1       12    nonce, random
/// 13      n     the key, AES-256-GCM; the format is authenticated too
/// 13+n    16    tag
///
/// key: HKDF-SHA256(secret, no salt, "ClusterSession key ring 1"), 32 bytes
/// </code>
/// A key is written once in a rotation, so a random nonce never comes twice.
/// </remarks>
internal sealed class SecretSeal(RandomNumberGenerator random, IEnumerable<byte[]> secrets) : IKeyRingSeal
{
    public const byte SecretFormat = 16;
    private const int NonceLength = 12;
    private const int TagLength = 16;
    private const int Overhead = 1 + NonceLength + TagLength;

    private readonly byte[][] _keys =
    [
        .. secrets.Select(secret => HKDF.DeriveKey(HashAlgorithmName.SHA256, secret, 32, info: Purpose.ToArray())),
    ];

    public byte Format => SecretFormat;

    private static ReadOnlySpan<byte> Purpose => "ClusterSession key ring 1"u8;

    public byte[]? Seal(ReadOnlySpan<byte> key)
    {
        var stored = new byte[key.Length + Overhead];
        stored[0] = Format;
        random.GetBytes(stored.AsSpan(1, NonceLength));
        using var aes = new AesGcm(_keys[0], TagLength);
        aes.Encrypt(
            stored.AsSpan(1, NonceLength),
            key,
            stored.AsSpan(1 + NonceLength, key.Length),
            stored.AsSpan(^TagLength..),
            stored.AsSpan(0, 1)
        );
        return stored;
    }

    public byte[]? Open(ReadOnlySpan<byte> stored)
    {
        if (stored.Length < Overhead || stored[0] != Format)
        {
            return null;
        }

        var plain = new byte[stored.Length - Overhead];
        foreach (var key in _keys)
        {
            using var aes = new AesGcm(key, TagLength);
            try
            {
                aes.Decrypt(
                    stored.Slice(1, NonceLength),
                    stored[(1 + NonceLength)..^TagLength],
                    stored[^TagLength..],
                    plain,
                    stored[..1]
                );
                return plain;
            }
            catch (AuthenticationTagMismatchException)
            {
                // Sealed with another secret: perhaps with a former one.
            }
        }

        return null;
    }
}
