namespace ClusterSession.KeyRing;

/// <summary>
/// Reads and writes the ring of cookie keys as it is stored: plain, or sealed. Thread-safe.
/// </summary>
/// <param name="application">The application whose cookies its keys sign.</param>
/// <param name="seal">What seals it; null: it is stored plain.</param>
internal sealed class StoredKeyRing(string application, IKeyRingSeal? seal)
{
    private const byte FirstSealed = SecretSeal.SecretFormat;
    private const byte LastSealed = DataProtectionSeal.DataProtectionFormat;

    /// <summary>What is stored for a ring; null if it cannot be sealed now.</summary>
    public byte[]? Write(SessionKeyRing ring) => seal is null ? ring.Write() : seal.Seal(ring.Write());

    /// <summary>Reads what is stored; null if that cannot be read here.</summary>
    public SessionKeyRing? Read(byte[] stored)
    {
        if (!IsSealed(stored))
        {
            return SessionKeyRing.Read(stored, application);
        }

        return seal?.Open(stored) is { } ring ? SessionKeyRing.Read(ring, application) : null;
    }

    /// <summary>Whether it needs what it was sealed with to be read.</summary>
    public static bool IsSealed(byte[] stored) => stored is [>= FirstSealed and <= LastSealed, ..];

    /// <summary>Whether it lies plain although this node seals: it was written before.</summary>
    public bool ShouldBeSealed(byte[] stored) => seal is not null && !IsSealed(stored);
}
