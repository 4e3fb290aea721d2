namespace ClusterSession.KeyRing;

/// <summary>
/// Seals cookie keys before they are stored, so that who reads the store has no keys.
/// Thread-safe.
/// </summary>
internal interface IKeyRingSeal
{
    /// <summary>The first byte of what this makes; no plain key begins with it.</summary>
    byte Format { get; }

    /// <summary>
    /// What is stored: the format, and the key so that only <see cref="Open"/> reads it. Null if
    /// it cannot be sealed now.
    /// </summary>
    byte[]? Seal(ReadOnlySpan<byte> key);

    /// <summary>The key, or null if it was sealed otherwise, or changed since.</summary>
    byte[]? Open(ReadOnlySpan<byte> stored);
}
