using System.Buffers.Binary;
using System.Security.Cryptography;

namespace ClusterSession.Http.Cookies;

/// <summary>An immutable set of keys: all of them verify, one of them signs.</summary>
/// <remarks>
/// As stored in the cluster's store (format 1, big-endian):
/// <code>
/// offset  size  field
/// 0       1     format = 1
/// 1       1     number of keys, 1..32
///         per key, oldest first:
/// 0       3     key id
/// 3       8     active from, Unix milliseconds
/// 11      32    secret
/// </code>
/// Whoever reads the store can sign cookies; what protects a session from them is that its id is not in the store and cannot be guessed.
/// </remarks>
internal sealed class SessionKeyRing
{
    public const int SecretLength = 32;
    private const byte Format = 1;
    private const int KeyLength = 3 + 8 + SecretLength;
    public const int MaxKeys = 32;

    private readonly CookieKey[] _keys;

    public SessionKeyRing(IEnumerable<CookieKey> keys) => _keys = [.. keys.OrderBy(key => key.ActiveFrom)];

    /// <summary>Oldest first.</summary>
    public IReadOnlyList<CookieKey> Keys => _keys;

    public CookieKey? Find(int id)
    {
        foreach (var key in _keys)
        {
            if (key.Id == id)
            {
                return key;
            }
        }

        return null;
    }

    /// <summary>The key that signs: the newest that is active, the first of several as new, or the oldest if none is active yet.</summary>
    public CookieKey Signing(DateTimeOffset now)
    {
        CookieKey? newest = null;
        foreach (var key in Keys)
        {
            newest = key.ActiveFrom <= now && (newest is null || key.ActiveFrom > newest.ActiveFrom) ? key : newest;
        }

        return newest ?? Keys[0];
    }

    public byte[] Write()
    {
        var bytes = new byte[2 + (Keys.Count * KeyLength)];
        bytes[0] = Format;
        bytes[1] = (byte)Keys.Count;
        var rest = bytes.AsSpan(2);
        foreach (var key in Keys)
        {
            rest[0] = (byte)(key.Id >> 16);
            BinaryPrimitives.WriteUInt16BigEndian(rest[1..], (ushort)key.Id);
            BinaryPrimitives.WriteInt64BigEndian(rest[3..], key.ActiveFrom.ToUnixTimeMilliseconds());
            key.Secret.CopyTo(rest[11..]);
            rest = rest[KeyLength..];
        }

        return bytes;
    }

    /// <summary>Reads a stored ring; null if it is not one that this release can read.</summary>
    public static SessionKeyRing? Read(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length < 2 || bytes[0] != Format || bytes[1] is 0 or > MaxKeys || bytes.Length != 2 + (bytes[1] * KeyLength))
        {
            return null;
        }

        var keys = new List<CookieKey>();
        for (var rest = bytes[2..]; !rest.IsEmpty; rest = rest[KeyLength..])
        {
            var id = (rest[0] << 16) | BinaryPrimitives.ReadUInt16BigEndian(rest[1..]);
            var activeFrom = BinaryPrimitives.ReadInt64BigEndian(rest[3..]);
            if (activeFrom is < 0 or > 253402300799999)
            {
                return null;
            }

            keys.Add(new CookieKey(id, DateTimeOffset.FromUnixTimeMilliseconds(activeFrom), rest.Slice(11, SecretLength).ToArray()));
        }

        return new SessionKeyRing(keys);
    }

    /// <summary>This ring with one more key, without keys that ceased to sign before a moment.</summary>
    public SessionKeyRing With(CookieKey added, DateTimeOffset retiredBefore)
    {
        var kept = Keys.Where((_, index) => index + 1 >= Keys.Count || Keys[index + 1].ActiveFrom > retiredBefore);
        return Newest(kept.Append(added));
    }

    /// <summary>A stored ring has a bound, which every reader checks. The options see to it that no key in use falls out.</summary>
    private static SessionKeyRing Newest(IEnumerable<CookieKey> keys) => new(keys.OrderBy(key => key.ActiveFrom).TakeLast(MaxKeys));

    /// <summary>The keys of both rings.</summary>
    public SessionKeyRing Union(SessionKeyRing other) => Newest(Keys.Concat(other.Keys.Where(key => Find(key.Id) is null)));

    public static CookieKey NewKey(RandomNumberGenerator random, DateTimeOffset activeFrom, SessionKeyRing? beside = null)
    {
        var secret = new byte[SecretLength];
        random.GetBytes(secret);
        Span<byte> bytes = stackalloc byte[3];
        int id;
        do
        {
            random.GetBytes(bytes);
            id = (bytes[0] << 16) | (bytes[1] << 8) | bytes[2];
        }
        while (id == 0 || beside?.Find(id) is not null);
        return new CookieKey(id, activeFrom, secret);
    }
}
