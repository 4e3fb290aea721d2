namespace ClusterSession.KeyRing;

/// <summary>
/// Seals the ring of cookie keys before it is stored, so that who reads the store has no keys.
/// Thread-safe.
/// </summary>
internal interface IKeyRingSeal
{
    /// <summary>The first byte of what this makes; no plain ring begins with it.</summary>
    byte Format { get; }

    /// <summary>
    /// What is stored: the format, and the ring so that only <see cref="Open"/> reads it. Null if
    /// it cannot be sealed now.
    /// </summary>
    byte[]? Seal(ReadOnlySpan<byte> ring);

    /// <summary>The ring, or null if it was sealed otherwise, or changed since.</summary>
    byte[]? Open(ReadOnlySpan<byte> stored);
}
