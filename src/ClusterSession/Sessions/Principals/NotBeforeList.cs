namespace ClusterSession.Sessions.Principals;

/// <summary>
/// The principals whose sessions were all ended: sessions that were theirs before that version are over. Two lists merge principal by principal, the newer version stays.
/// Immutable.
/// </summary>
/// <remarks>
/// <code>
/// offset  size  field
/// 0       1     format = 1
/// per principal:
///   0     16    first half of SHA-256 of its name
///   16    13    version
/// </code>
/// When a principal may be forgotten is counted from when this node heard of it, not by its version: another node's wall clock says nothing here.
/// </remarks>
internal sealed class NotBeforeList
{
    private const byte Format = 1;
    private const int EntryLength = PrincipalKey.ByteLength + SessionVersion.EncodedLength;

    private readonly Dictionary<PrincipalKey, Entry> _entries;

    private NotBeforeList(Dictionary<PrincipalKey, Entry> entries) => _entries = entries;

    public static NotBeforeList Empty { get; } = new([]);

    public int Count => _entries.Count;

    /// <summary>The newest of its versions, or none.</summary>
    public SessionVersion Newest => _entries.Count == 0 ? SessionVersion.None : _entries.Values.Max(static entry => entry.Version);

    /// <summary>Reads a list that was heard of now; null if it is of another format.</summary>
    public static NotBeforeList? Read(ReadOnlySpan<byte> bytes, long heardAt)
    {
        if (bytes.Length == 0 || bytes[0] != Format || (bytes.Length - 1) % EntryLength != 0)
        {
            return null;
        }

        var entries = new Dictionary<PrincipalKey, Entry>(bytes.Length / EntryLength);
        for (var at = 1; at < bytes.Length; at += EntryLength)
        {
            if (!SessionVersion.TryRead(bytes[(at + PrincipalKey.ByteLength)..], out var version))
            {
                return null;
            }

            entries[PrincipalKey.Read(bytes[at..])] = new Entry(version, heardAt);
        }

        return new NotBeforeList(entries);
    }

    public byte[] Write()
    {
        var bytes = new byte[1 + (EntryLength * _entries.Count)];
        bytes[0] = Format;
        var at = 1;
        foreach (var (principal, entry) in _entries)
        {
            principal.WriteTo(bytes.AsSpan(at));
            entry.Version.WriteTo(bytes.AsSpan(at + PrincipalKey.ByteLength));
            at += EntryLength;
        }

        return bytes;
    }

    /// <summary>Whether what was recorded of the principal under this version is over.</summary>
    public bool HasEnded(PrincipalKey principal, SessionVersion recorded) =>
        _entries.Count > 0 && _entries.TryGetValue(principal, out var entry) && recorded < entry.Version;

    /// <summary>Whether this says all that the other one says.</summary>
    public bool Contains(NotBeforeList other) =>
        other._entries.All(theirs => _entries.TryGetValue(theirs.Key, out var entry) && entry.Version >= theirs.Value.Version);

    public NotBeforeList With(PrincipalKey principal, SessionVersion version, long heardAt) =>
        Merge(new NotBeforeList(new() { [principal] = new Entry(version, heardAt) }));

    public NotBeforeList Merge(NotBeforeList other)
    {
        var (some, more) = _entries.Count < other._entries.Count ? (_entries, other._entries) : (other._entries, _entries);
        if (some.Count == 0)
        {
            return ReferenceEquals(more, _entries) ? this : other;
        }

        var entries = new Dictionary<PrincipalKey, Entry>(more);
        foreach (var (principal, entry) in some)
        {
            entries[principal] = entries.TryGetValue(principal, out var present) ? Newer(present, entry) : entry;
        }

        return new NotBeforeList(entries);
    }

    /// <summary>Whether it says anything of the principal.</summary>
    public bool Knows(PrincipalKey principal) => _entries.ContainsKey(principal);

    /// <summary>Those for which principal, and the timestamp at which this node heard of it, satisfy a condition.</summary>
    public NotBeforeList Where(Func<PrincipalKey, long, bool> condition) =>
        new(_entries.Where(entry => condition(entry.Key, entry.Value.HeardAt)).ToDictionary());

    /// <summary>Those that the other one does not say.</summary>
    public NotBeforeList Except(NotBeforeList other) =>
        new(_entries.Where(mine => !other._entries.TryGetValue(mine.Key, out var entry) || entry.Version < mine.Value.Version).ToDictionary());

    private static Entry Newer(Entry a, Entry b) =>
        a.Version == b.Version ? new Entry(a.Version, Math.Min(a.HeardAt, b.HeardAt)) : a.Version > b.Version ? a : b;

    private readonly record struct Entry(SessionVersion Version, long HeardAt);
}
