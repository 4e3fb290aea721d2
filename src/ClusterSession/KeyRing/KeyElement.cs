using System.Buffers.Binary;
using ClusterSession.Stores;

namespace ClusterSession.KeyRing;

/// <summary>One element of the document of cookie keys.</summary>
/// <remarks>
/// <code>
/// id             rank                   payload   what it says
/// k, key id (3)  1, 2, ...              the key   this key verifies; written again, as when it is
///                                                 sealed anew, with the next rank
/// k, key id (3)  2^52                   none      it is retired: anyone who has it forgets it
/// s, key id (3)  1, 2, ... or 2^52      the key   the same of the key that follows this one; of
///                                                 several that are made at once the first stays.
///                                                 Key id 0: the first of all
/// r              how often all keys     none      keys that were made before are revoked
///                were revoked
/// </code>
/// </remarks>
internal static class KeyElement
{
    public const long Retired = 1L << 52;
    private const byte OfKey = (byte)'k';
    private const byte OfNextKey = (byte)'s';
    private const int KeyIdLength = 3;

    /// <summary>The id of the element that says how often all keys were revoked.</summary>
    public static ReadOnlyMemory<byte> Revocations { get; } = "r"u8.ToArray();

    /// <summary>The id of the element of a key.</summary>
    public static byte[] IdOf(int keyId) => Id(OfKey, keyId);

    /// <summary>The id of the element of the key that follows another.</summary>
    public static byte[] IdOfNextKey(int keyId) => Id(OfNextKey, keyId);

    public static DocumentElement OfRevocations(int times) => new(Revocations, times, default, TimeSpan.MaxValue);

    public static DocumentElement Present(ReadOnlyMemory<byte> id, long rank, byte[] payload) =>
        new(id, rank, payload, TimeSpan.MaxValue);

    public static DocumentElement RetiredFor(ReadOnlyMemory<byte> id, TimeSpan life) => new(id, Retired, default, life);

    /// <summary>Whether it says how often all keys were revoked.</summary>
    public static bool IsRevocations(in DocumentElement element) =>
        element.Id.Span.SequenceEqual(Revocations.Span) && element.Rank is > 0 and <= int.MaxValue;

    /// <summary>Whether it is of a key, and of which one; 0: the payload says that.</summary>
    public static bool IsKey(in DocumentElement element, out int keyId)
    {
        var id = element.Id.Span;
        var isKey = id.Length == 1 + KeyIdLength && id[0] is OfKey or OfNextKey && element.Rank is > 0 and <= Retired;
        keyId = isKey && id[0] == OfKey ? ReadId(id[1..]) : 0;
        return isKey;
    }

    public static void WriteId(Span<byte> destination, int keyId)
    {
        destination[0] = (byte)(keyId >> 16);
        BinaryPrimitives.WriteUInt16BigEndian(destination[1..], (ushort)keyId);
    }

    public static int ReadId(ReadOnlySpan<byte> source) =>
        (source[0] << 16) | BinaryPrimitives.ReadUInt16BigEndian(source[1..]);

    private static byte[] Id(byte kind, int keyId)
    {
        var id = new byte[1 + KeyIdLength];
        id[0] = kind;
        WriteId(id.AsSpan(1), keyId);
        return id;
    }
}
