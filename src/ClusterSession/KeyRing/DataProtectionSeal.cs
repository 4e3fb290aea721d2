using Microsoft.AspNetCore.DataProtection;

namespace ClusterSession.KeyRing;

/// <summary>Seals with data protection, whose keys all nodes share. Thread-safe.</summary>
/// <remarks>
/// <code>
/// offset  size  field
/// 0       1     format = 17
/// 1       n     the key, protected for the purpose "ClusterSession.KeyRing.1"
/// </code>
/// </remarks>
internal sealed class DataProtectionSeal(IDataProtectionProvider provider) : IKeyRingSeal
{
    public const byte DataProtectionFormat = 17;

    private readonly IDataProtector _protector = provider.CreateProtector("ClusterSession.KeyRing.1");

    public byte Format => DataProtectionFormat;

    public byte[]? Seal(ReadOnlySpan<byte> key)
    {
        try
        {
            return [Format, .. _protector.Protect(key.ToArray())];
        }
        catch (Exception failure) when (failure is not OutOfMemoryException)
        {
            return null; // Its keys cannot be reached: no reason to end the node.
        }
    }

    public byte[]? Open(ReadOnlySpan<byte> stored)
    {
        if (stored.IsEmpty || stored[0] != Format)
        {
            return null;
        }

        try
        {
            return _protector.Unprotect(stored[1..].ToArray());
        }
        catch (Exception failure) when (failure is not OutOfMemoryException)
        {
            return null; // Of other keys, changed, or its keys cannot be reached.
        }
    }
}
