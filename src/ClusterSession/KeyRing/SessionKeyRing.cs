using System.Buffers.Binary;
using System.Security.Cryptography;
using ClusterSession.Revoking;

namespace ClusterSession.KeyRing;

/// <summary>An immutable set of keys: all of them verify, one of them signs.</summary>
/// <remarks>
/// As stored in the cluster's store (big-endian):
/// <code>
/// offset  size  field
/// 0       1     format = 1, or 2 once keys were revoked
/// 1       1     number of keys, 1..32
/// 2       4     format 2 only: how often keys were revoked, 1 or more
///         per key, oldest first:
/// 0       3     key id
/// 3       8     active from, Unix milliseconds
/// 11      32    secret
/// </code>
/// Of two rings the one with more revocations holds alone: a node or a replica that missed one does
/// not bring the revoked keys back. Whoever reads the store can sign cookies, unless the ring is
/// sealed (<see cref="IKeyRingSeal"/>); what protects a session from them is that its id is not in
/// the store and cannot be guessed.
/// </remarks>
internal sealed class SessionKeyRing
{
    public const int SecretLength = 32;
    private const byte Format = 1;
    private const byte FormatWithRevocations = 2;
    private const int KeyLength = 3 + 8 + SecretLength;
    public const int MaxKeys = 32;

    private readonly CookieKey[] _keys;

    public SessionKeyRing(IEnumerable<CookieKey> keys, int revocations = 0)
    {
        _keys = [.. keys.OrderBy(key => key.ActiveFrom)];
        Revocations = revocations;
    }

    /// <summary>How often all keys of before were revoked.</summary>
    public int Revocations { get; }

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
        var header = Revocations == 0 ? 2 : 6;
        var bytes = new byte[header + (Keys.Count * KeyLength)];
        bytes[0] = Revocations == 0 ? Format : FormatWithRevocations;
        bytes[1] = (byte)Keys.Count;
        if (Revocations > 0)
        {
            BinaryPrimitives.WriteInt32BigEndian(bytes.AsSpan(2), Revocations);
        }

        var rest = bytes.AsSpan(header);
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
    /// <param name="bytes">What is stored.</param>
    /// <param name="application">The application whose cookies its keys sign here.</param>
    public static SessionKeyRing? Read(ReadOnlySpan<byte> bytes, string application = "")
    {
        var header = bytes is [FormatWithRevocations, ..] ? 6 : 2;
        if (bytes.Length < header || bytes[0] is not (Format or FormatWithRevocations) || bytes[1] is 0 or > MaxKeys
            || bytes.Length != header + (bytes[1] * KeyLength))
        {
            return null;
        }

        var revocations = header == 2 ? 0 : BinaryPrimitives.ReadInt32BigEndian(bytes[2..]);
        if (header > 2 && revocations <= 0)
        {
            return null;
        }

        var keys = new List<CookieKey>();
        for (var rest = bytes[header..]; !rest.IsEmpty; rest = rest[KeyLength..])
        {
            var id = (rest[0] << 16) | BinaryPrimitives.ReadUInt16BigEndian(rest[1..]);
            var activeFrom = BinaryPrimitives.ReadInt64BigEndian(rest[3..]);
            if (activeFrom is < 0 or > 253402300799999)
            {
                return null;
            }

            keys.Add(new CookieKey(
                id, DateTimeOffset.FromUnixTimeMilliseconds(activeFrom), rest.Slice(11, SecretLength).ToArray(),
                application));
        }

        return new SessionKeyRing(keys, revocations);
    }

    /// <summary>
    /// This ring with one more key, without keys that ceased to sign before a moment. Of keys that
    /// are active from the same moment on the added one signs.
    /// </summary>
    public SessionKeyRing With(CookieKey added, DateTimeOffset retiredBefore)
    {
        var kept = Keys.Where((_, index) => index + 1 >= Keys.Count || Keys[index + 1].ActiveFrom > retiredBefore);
        return Newest(kept.Prepend(added));
    }

    /// <summary>A ring with one key alone, under which no cookie of before is valid.</summary>
    public SessionKeyRing RevokedFor(CookieKey added) => new([added], Revocations + 1);

    /// <summary>
    /// The keys of both rings, or those of the one that has seen more revocations.
    /// </summary>
    public SessionKeyRing Union(SessionKeyRing other)
    {
        if (Revocations != other.Revocations)
        {
            return Revocations > other.Revocations ? this : other;
        }

        return Newest(Keys.Concat(other.Keys.Where(key => Find(key.Id) is null)));
    }

    /// <summary>
    /// A stored ring has a bound, which every reader checks. The options see to it that no key in
    /// use falls out.
    /// </summary>
    private SessionKeyRing Newest(IEnumerable<CookieKey> keys) =>
        new(keys.OrderBy(key => key.ActiveFrom).TakeLast(MaxKeys), Revocations);

    public static CookieKey NewKey(
        RandomNumberGenerator random, DateTimeOffset activeFrom, SessionKeyRing? beside = null, string application = "")
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
        return new CookieKey(id, activeFrom, secret, application);
    }
}
