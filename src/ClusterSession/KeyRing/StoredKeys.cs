using System.Buffers.Binary;

namespace ClusterSession.KeyRing;

/// <summary>
/// Reads and writes cookie keys as they are stored: plain, or sealed. Thread-safe.
/// </summary>
/// <remarks>
/// Plain (big-endian):
/// <code>
/// offset  size  field
/// 0       1     format = 1
/// 1       3     key id
/// 4       8     signs from, Unix milliseconds
/// 12      4     number: of several keys that sign from the same moment, the one with the
///               greatest number signs
/// 16      4     how often keys had been revoked when it was made
/// 20      32    secret
/// </code>
/// Anyone who reads the store can sign cookies, unless the keys are sealed
/// (<see cref="IKeyRingSeal"/>); what protects a session from them is that its id is not in the
/// store and cannot be guessed.
/// </remarks>
/// <param name="application">The application whose cookies the keys sign.</param>
/// <param name="seal">What seals them; null: they are stored plain.</param>
internal sealed class StoredKeys(string application, IKeyRingSeal? seal)
{
    private const byte Format = 1;
    private const int Length = 20 + SessionKeyRing.SecretLength;
    private const byte FirstSealed = SecretSeal.SecretFormat;
    private const byte LastSealed = DataProtectionSeal.DataProtectionFormat;

    /// <summary>Whether this node seals what it stores.</summary>
    public bool IsSealing => seal is not null;

    /// <summary>What is stored for a key; null if it cannot be sealed now.</summary>
    public byte[]? Write(CookieKey key)
    {
        var bytes = new byte[Length];
        bytes[0] = Format;
        KeyElement.WriteId(bytes.AsSpan(1), key.Id);
        BinaryPrimitives.WriteInt64BigEndian(bytes.AsSpan(4), key.ActiveFrom.ToUnixTimeMilliseconds());
        BinaryPrimitives.WriteInt32BigEndian(bytes.AsSpan(12), key.Number);
        BinaryPrimitives.WriteInt32BigEndian(bytes.AsSpan(16), key.Revocations);
        key.Secret.CopyTo(bytes.AsSpan(20));
        return seal is null ? bytes : seal.Seal(bytes);
    }

    /// <summary>Reads what is stored; null if that cannot be read here.</summary>
    public CookieKey? Read(ReadOnlySpan<byte> stored)
    {
        if (!IsSealed(stored))
        {
            return ReadPlain(stored);
        }

        return seal?.Open(stored) is { } plain ? ReadPlain(plain) : null;
    }

    /// <summary>Whether it needs what it was sealed with to be read.</summary>
    public static bool IsSealed(ReadOnlySpan<byte> stored) => stored is [>= FirstSealed and <= LastSealed, ..];

    private CookieKey? ReadPlain(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length != Length || bytes[0] != Format)
        {
            return null;
        }

        var id = KeyElement.ReadId(bytes[1..]);
        var activeFrom = BinaryPrimitives.ReadInt64BigEndian(bytes[4..]);
        var number = BinaryPrimitives.ReadInt32BigEndian(bytes[12..]);
        var revocations = BinaryPrimitives.ReadInt32BigEndian(bytes[16..]);
        return id == 0 || number < 0 || revocations < 0 || activeFrom is < 0 or > 253402300799999
            ? null
            : new CookieKey(
                id,
                DateTimeOffset.FromUnixTimeMilliseconds(activeFrom),
                bytes[20..].ToArray(),
                application,
                number,
                revocations
            );
    }
}
