using System.Security.Cryptography;

namespace ClusterSession.KeyRing;

/// <summary>An immutable set of keys: all of them verify, one of them signs.</summary>
internal sealed class SessionKeyRing
{
    public const int SecretLength = 32;

    /// <summary>So many keys stay when one is added. The options see to it that no key in use falls
    /// out.</summary>
    public const int MaxKeys = 32;

    private readonly CookieKey[] _keys;

    public SessionKeyRing(IEnumerable<CookieKey> keys, int revocations = 0)
    {
        _keys = [.. keys.OrderBy(key => key.ActiveFrom).ThenBy(key => key.Number).ThenBy(key => key.Id)];
        Revocations = revocations;
    }

    /// <summary>How often all earlier keys were revoked.</summary>
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

    /// <summary>The key that signs: the newest that is active, or the oldest if none is active
    /// yet.</summary>
    public CookieKey Signing(DateTimeOffset now)
    {
        CookieKey? newest = null;
        foreach (var key in _keys)
        {
            newest = key.ActiveFrom <= now ? key : newest;
        }

        return newest ?? _keys[0];
    }

    /// <summary>This ring with one more key, and at most <see cref="MaxKeys"/> of them.</summary>
    public SessionKeyRing With(CookieKey added) =>
        new(new SessionKeyRing(_keys.Append(added)).Keys.TakeLast(MaxKeys), Revocations);

    /// <summary>A ring with one key alone, under which no earlier cookie is valid.</summary>
    public static SessionKeyRing RevokedFor(CookieKey added) => new([added], added.Revocations);

    /// <summary>
    /// The keys without those that ceased to sign before a moment: no cookie of theirs can live.
    /// </summary>
    public IEnumerable<CookieKey> InUse(DateTimeOffset ceasedBefore) =>
        _keys.Where((_, index) => index + 1 >= _keys.Length || _keys[index + 1].ActiveFrom > ceasedBefore);

    /// <summary>
    /// Makes a key. Of keys in the ring that are active from the same moment, it comes last.
    /// </summary>
    public static CookieKey NewKey(
        RandomNumberGenerator random,
        DateTimeOffset activeFrom,
        SessionKeyRing? beside = null,
        string application = "",
        bool isRevoking = false
    )
    {
        var secret = new byte[SecretLength];
        random.GetBytes(secret);
        Span<byte> bytes = stackalloc byte[3];
        int id;
        do
        {
            random.GetBytes(bytes);
            id = (bytes[0] << 16) | (bytes[1] << 8) | bytes[2];
        } while (id == 0 || beside?.Find(id) is not null);
        var number = beside is { Keys.Count: > 0 } ? beside.Keys.Max(static key => key.Number) + 1 : 1;
        var revocations = (beside?.Revocations ?? 0) + (isRevoking ? 1 : 0);
        return new CookieKey(id, activeFrom, secret, application, number, revocations);
    }
}
