using ClusterSession.Stores;

namespace ClusterSession.KeyRing;

/// <summary>
/// The cookie keys that this node knows, and the elements that say so. What the store has is merged
/// into them and never takes their place: a key is forgotten only if it was retired, revoked, or
/// can have signed no cookie that still lives. For one caller at a time.
/// </summary>
internal sealed class KnownKeys(StoredKeys form, TimeProvider time)
{
    private readonly Dictionary<int, long> _retired = []; // until when that is remembered, by key id
    private readonly Dictionary<string, (DocumentElement Element, CookieKey Key)> _stored = [];

    /// <summary>The keys; none before the store was read.</summary>
    public SessionKeyRing Ring { get; private set; } = new([]);

    /// <summary>Whether a key lies plain in the store.</summary>
    public bool IsAnyPlain { get; private set; }

    /// <summary>
    /// Whether the last failed reading met a sealed key that this node cannot open.
    /// </summary>
    public bool IsLocked { get; private set; }

    private long Now => time.GetTimestamp();

    /// <summary>Merges what the store has; false if it has something that cannot be read here: then
    /// nothing changes.</summary>
    /// <param name="stored">All elements of the store.</param>
    /// <param name="ceasedBefore">A key that ceased to sign before that is not in use any
    /// more.</param>
    public bool TryTake(IReadOnlyCollection<DocumentElement> stored, DateTimeOffset ceasedBefore)
    {
        var read = new Dictionary<string, (DocumentElement Element, CookieKey Key)>();
        var retired = new Dictionary<int, long>();
        var revocations = Ring.Revocations;
        foreach (var element in stored)
        {
            if (KeyElement.IsRevocations(element))
            {
                revocations = Math.Max(revocations, (int)element.Rank);
            }
            else if (!KeyElement.IsKey(element, out var id))
            {
                IsLocked = false;
                return false;
            }
            else if (element.Rank == KeyElement.Retired)
            {
                retired[id] = After(element.Life);
            }
            else if (form.Read(element.Payload.Span) is { } key && (id == 0 || key.Id == id))
            {
                read[Convert.ToHexString(element.Id.Span)] = (element, key);
            }
            else
            {
                IsLocked = StoredKeys.IsSealed(element.Payload.Span);
                return false;
            }
        }

        _stored.Clear();
        foreach (var (id, found) in read)
        {
            _stored[id] = found;
        }

        foreach (var (id, until) in retired.Where(element => element.Key != 0))
        {
            _retired.TryAdd(id, until);
        }

        foreach (var (id, _) in _retired.Where(known => known.Value <= Now && !retired.ContainsKey(known.Key)).ToList())
        {
            _retired.Remove(id);
        }

        IsAnyPlain = read.Values.Any(static found => !StoredKeys.IsSealed(found.Element.Payload.Span));
        Unite(read.Values.Select(static found => found.Key), revocations, ceasedBefore);
        return true;
    }

    /// <summary>
    /// What this node knows and the store lacks; null if a key cannot be sealed now.
    /// </summary>
    public List<DocumentElement>? Lacking(IReadOnlyCollection<DocumentElement> stored)
    {
        var lacking = new List<DocumentElement>();
        if (
            Ring.Revocations > 0
            && !stored.Any(element => KeyElement.IsRevocations(element) && element.Rank >= Ring.Revocations)
        )
        {
            lacking.Add(KeyElement.OfRevocations(Ring.Revocations));
        }

        foreach (var key in Ring.Keys.Where(key => !_stored.Values.Any(found => found.Key.Id == key.Id)))
        {
            if (form.Write(key) is not { } payload)
            {
                return null;
            }

            lacking.Add(KeyElement.Present(KeyElement.IdOf(key.Id), rank: 1, payload));
        }

        var remembered = stored
            .Where(static element => element.Rank == KeyElement.Retired)
            .Select(static element => Convert.ToHexString(element.Id.Span))
            .ToHashSet();
        foreach (var (id, until) in _retired.Where(known => !remembered.Contains(HexOf(known.Key))))
        {
            lacking.Add(KeyElement.RetiredFor(KeyElement.IdOf(id), Left(until)));
        }

        lacking.AddRange(
            _stored
                .Values.Where(found => _retired.ContainsKey(found.Key.Id) && HexOf(found.Key.Id) != Hex(found.Element))
                .Select(found => KeyElement.RetiredFor(found.Element.Id, Left(_retired[found.Key.Id])))
        );
        return lacking;
    }

    /// <summary>
    /// What is to be merged so that the stored ring becomes the next one: the added key, each key
    /// that stays, sealed anew, and each other key, as retired. Null if a key cannot be sealed now.
    /// </summary>
    /// <param name="next">The ring.</param>
    /// <param name="id">The id of the element of the added key.</param>
    /// <param name="added">The added key.</param>
    /// <param name="cookieLife">How long a cookie may live that a retired key has signed.</param>
    public List<DocumentElement>? Changes(SessionKeyRing next, byte[] id, CookieKey added, TimeSpan cookieLife)
    {
        var changes = new Dictionary<string, DocumentElement>();
        if (next.Revocations > Ring.Revocations)
        {
            changes["r"] = KeyElement.OfRevocations(next.Revocations);
        }

        foreach (var (element, key) in _stored.Values)
        {
            if (next.Find(key.Id) is null)
            {
                changes[Hex(element)] = KeyElement.RetiredFor(element.Id, cookieLife);
                changes[HexOf(key.Id)] = KeyElement.RetiredFor(KeyElement.IdOf(key.Id), cookieLife);
            }
            else if (form.IsSealing)
            {
                if (form.Write(key) is not { } again)
                {
                    return null;
                }

                changes[Hex(element)] = KeyElement.Present(element.Id, element.Rank + 1, again);
            }
        }

        if (form.Write(added) is not { } payload)
        {
            return null;
        }

        changes[Convert.ToHexString(id)] = KeyElement.Present(id, rank: 1, payload);
        return [.. changes.Values];
    }

    private static string Hex(in DocumentElement element) => Convert.ToHexString(element.Id.Span);

    private static string HexOf(int keyId) => Convert.ToHexString(KeyElement.IdOf(keyId));

    private void Unite(IEnumerable<CookieKey> stored, int revocations, DateTimeOffset ceasedBefore)
    {
        var all = Ring
            .Keys.Concat(stored)
            .DistinctBy(static key => key.Id)
            .Where(key => key.Revocations >= revocations && !_retired.ContainsKey(key.Id));
        var ring = new SessionKeyRing(new SessionKeyRing(all).InUse(ceasedBefore), revocations);
        if (revocations != Ring.Revocations || !ring.Keys.SequenceEqual(Ring.Keys))
        {
            Ring = ring; // Else the same object, so that the cookies remembered under it stay.
        }
    }

    private long After(TimeSpan life)
    {
        var left = life.TotalSeconds * time.TimestampFrequency;
        return left >= long.MaxValue - Now ? long.MaxValue : Now + (long)left;
    }

    private TimeSpan Left(long until) =>
        until == long.MaxValue ? TimeSpan.MaxValue
        : until > Now ? time.GetElapsedTime(Now, until)
        : TimeSpan.FromMilliseconds(1);
}
