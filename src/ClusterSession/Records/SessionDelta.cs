using System.Text;

namespace ClusterSession.Records;

/// <summary>
/// What one request changed: for each touched attribute its new bytes, or null where it was
/// removed. A later change of one name replaces the earlier one, so a delta never grows beyond the
/// attributes it touches.
/// </summary>
/// <remarks>
/// A request changes one attribute or a few: they are an array that is searched from the front, and
/// a dictionary finds them only where there are many. Not thread-safe on its own; the session of
/// the request guards it.
/// </remarks>
public sealed class SessionDelta
{
    private const int IndexFrom = 16;
    private const int FirstRoom = 2;
    private static readonly SessionDelta Nothing = new();

    private KeyValuePair<string, byte[]?>[] _changes = [];
    private Dictionary<string, int>? _index;
    private long _maxBytes; // of names and values

    /// <summary>How many attributes were set or removed.</summary>
    public int Count { get; private set; }

    /// <summary>
    /// The changes: name, and new bytes or null for a removal. Valid until the next change.
    /// </summary>
    public ReadOnlySpan<KeyValuePair<string, byte[]?>> Changes => _changes.AsSpan(0, Count);

    /// <summary>
    /// How large a record becomes by these changes, as a store counts it that has a field for each
    /// attribute: names, values, and 15 bytes for each.
    /// </summary>
    internal long SizeWith(SessionRecord? record)
    {
        long size = 0;
        foreach (var (name, value) in Changes)
        {
            size += value is null
                ? 0
                : SessionRecord.AttributeOverhead + Encoding.UTF8.GetByteCount(name) + value.Length;
        }

        if (record is null)
        {
            return size;
        }

        foreach (var attribute in record)
        {
            size +=
                attribute.Exists && (Count == 0 || !TryGet(attribute.Name, out _))
                    ? SessionRecord.AttributeOverhead + attribute.NameUtf8.Length + attribute.Payload.Length
                    : 0;
        }

        return size;
    }

    /// <summary>How large a record is, counted as <see cref="SizeWith"/> does.</summary>
    internal static long SizeOf(SessionRecord record) => Nothing.SizeWith(record);

    /// <summary>
    /// Whether a record would become too large by these changes; one that is so already may shrink.
    /// </summary>
    internal bool MakeTooLarge(SessionRecord record, long most) =>
        MaxSizeOf(record) + _maxBytes > most && SizeWith(record) is var size && size > most && size > SizeOf(record);

    /// <summary>
    /// A bound on <see cref="SizeWith"/>, with one change more, that costs little.
    /// </summary>
    internal static long MaxSize(SessionRecord? record, SessionDelta? delta, string name, byte[] value) =>
        (record is null ? 0L : MaxSizeOf(record)) + (delta?._maxBytes ?? 0) + MaxBytesOf(name, value);

    private static long MaxSizeOf(SessionRecord record) =>
        record.Size + ((long)SessionRecord.AttributeOverhead * record.AttributeCount);

    private static long MaxBytesOf(string name, byte[]? value) =>
        value is null ? 0 : SessionRecord.AttributeOverhead + (3L * name.Length) + value.Length;

    /// <summary>Whether it adds nothing and replaces nothing.</summary>
    internal bool IsRemovalOnly
    {
        get
        {
            foreach (var (_, value) in Changes)
            {
                if (value is not null)
                {
                    return false;
                }
            }

            return true;
        }
    }

    /// <summary>Whether only attributes were changed whose names applications cannot use.</summary>
    internal bool IsReservedOnly
    {
        get
        {
            foreach (var (name, _) in Changes)
            {
                if (!AttributeName.IsReserved(name))
                {
                    return false;
                }
            }

            return true;
        }
    }

    /// <summary>Sets an attribute.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="value">Its bytes; the caller must not change them afterwards.</param>
    public void Set(string name, byte[] value) => Put(name, value);

    /// <summary>Removes an attribute.</summary>
    /// <param name="name">Its name.</param>
    public void Remove(string name) => Put(name, null);

    /// <summary>Forgets what was done to an attribute: it is again what the record says.</summary>
    /// <param name="name">Its name.</param>
    public void Forget(string name)
    {
        var at = IndexOf(name);
        if (at < 0)
        {
            return;
        }

        _index?.Remove(name);
        _maxBytes -= MaxBytesOf(name, _changes[at].Value);
        var last = _changes[--Count];
        _changes[Count] = default;
        if (at < Count)
        {
            _changes[at] = last;
            if (_index is not null)
            {
                _index[last.Key] = at;
            }
        }
    }

    /// <summary>Looks a change up.</summary>
    /// <param name="name">The name.</param>
    /// <param name="value">The new bytes, or null for a removal.</param>
    /// <returns>True if the attribute was changed.</returns>
    public bool TryGet(string name, out byte[]? value)
    {
        var at = IndexOf(name);
        value = at < 0 ? null : _changes[at].Value;
        return at >= 0;
    }

    /// <summary>The record with these changes made by one commit.</summary>
    /// <param name="record">What the request opened, or what the store has.</param>
    /// <param name="version">The version of the commit.</param>
    /// <param name="after">
    /// The last stamp that its writer issued for the session before; -1 where that is not known.
    /// </param>
    public SessionRecord ApplyTo(SessionRecord record, SessionVersion version, long after = -1)
    {
        ArgumentNullException.ThrowIfNull(record);
        return ApplyTo(record, new IssuedVersion(version, after));
    }

    /// <summary>
    /// The record with these changes made by one commit, and with what the writer of the commit
    /// says of the stamps that it issued before.
    /// </summary>
    internal SessionRecord ApplyTo(SessionRecord record, IssuedVersion version) =>
        (
            version.UnusedStamps.IsEmpty
                ? SessionRecordRewrite.TryApply(record, this, version.Version, version.PreviousStamp)
                : null
        ) ?? Build(record, version, version, record, []);

    /// <summary>
    /// The record with these changes. The changed attributes get the version of
    /// <paramref name="commit"/>, the record that of <paramref name="state"/>. The two differ where
    /// the store makes, or has made, another state of the same commit.
    /// </summary>
    internal SessionRecord ApplyTo(
        SessionRecord record,
        IssuedVersion commit,
        IssuedVersion state,
        IReadOnlyList<string> forgotten
    ) =>
        commit == state && forgotten.Count == 0
            ? ApplyTo(record, commit)
            : Build(record, commit, state, record, forgotten, record.Version);

    /// <summary>The record as a store makes it of what it has and a change.</summary>
    internal SessionRecord ApplyTo(SessionRecord stored, SessionChange change)
    {
        if (
            change.Forgotten.Count == 0
            && change.UnusedStamps.IsEmpty
            && SessionRecordRewrite.TryApply(stored, this, change.Version, change.PreviousStamp) is { } rewritten
        )
        {
            return rewritten;
        }

        var issued = new IssuedVersion(change.Version, change.PreviousStamp, change.UnusedStamps);
        return Build(stored, issued, issued, change.Opened, change.Forgotten, change.Base);
    }

    /// <summary>
    /// Finds the version that a removal removes, in what the request had opened. A copy that
    /// contains this version may drop the tombstone of the removal.
    /// </summary>
    /// <param name="opened">What the request had opened, or null if the caller has it no
    /// more.</param>
    /// <param name="name">The attribute.</param>
    /// <param name="removed">The version; a store keeps it as the value of the tombstone.</param>
    /// <returns>False if it is not known: then the tombstone has no value.</returns>
    public static bool TryFindRemoved(SessionRecord? opened, string name, out SessionVersion removed)
    {
        removed = default;
        if (opened is null || !opened.TryFind(name, out var attribute))
        {
            return false;
        }

        removed = attribute.Version;
        return attribute.Exists || SessionVersion.TryRead(attribute.Payload, out removed);
    }

    /// <summary>
    /// Like ApplyTo, but always by the builder, never by <see cref="SessionRecordRewrite"/>.
    /// </summary>
    internal SessionRecord Build(SessionRecord record, SessionVersion version, long after = -1) =>
        Build(record, new IssuedVersion(version, after), new IssuedVersion(version, after), record, []);

    private SessionRecord Build(
        SessionRecord record,
        IssuedVersion commit,
        IssuedVersion state,
        SessionRecord? opened,
        IReadOnlyList<string> forgotten,
        SessionVersion forgottenUpTo = default
    )
    {
        using var builder = SessionRecordBuilder.Rent();
        builder.SetHeader(record.Flags, record.Created);
        builder.AddCommits(record);
        builder.AddCommit(commit);
        builder.AddCommit(state);

        var names = forgotten.Count == 0 ? null : forgotten.ToHashSet(StringComparer.Ordinal);
        AddUnforgotten(builder, record, names, forgottenUpTo);
        Span<byte> buffer = stackalloc byte[256];
        Span<byte> removedBytes = stackalloc byte[SessionVersion.EncodedLength];
        foreach (var (name, value) in Changes)
        {
            var utf8 =
                Encoding.UTF8.GetMaxByteCount(name.Length) <= buffer.Length
                    ? buffer[..Encoding.UTF8.GetBytes(name, buffer)]
                    : Encoding.UTF8.GetBytes(name);
            if (value is not null)
            {
                builder.Add(utf8, commit.Version, 0, value, value.Length >= SessionRecord.LargePayload ? value : null);
                continue;
            }

            var isKnown = TryFindRemoved(opened, name, out var removed);
            if (
                isKnown
                && names?.Contains(name) == true
                && Tombstones.Recognises(record, removed)
                && !(record.TryFind(utf8, out var stored) && !Tombstones.MayBeDropped(record, stored))
            )
            {
                builder.AddDropped(utf8, commit.Version);
                continue;
            }

            removed.WriteTo(removedBytes);
            builder.Add(utf8, commit.Version, SessionAttribute.RemovedFlag, isKnown ? removedBytes : []);
        }

        return builder.Build();
    }

    private void AddUnforgotten(
        SessionRecordBuilder builder,
        SessionRecord record,
        HashSet<string>? forgotten,
        SessionVersion upTo
    )
    {
        foreach (var attribute in record)
        {
            // The record must contain the commit whose value was removed: from now on that alone
            // says that the value is gone, in place of the tombstone.
            if (
                forgotten is not null
                && !attribute.Exists
                && attribute.Version <= upTo
                && attribute.Name is var name
                && forgotten.Contains(name)
                && !IsRemoval(name)
                && Tombstones.MayBeDropped(record, attribute)
            )
            {
                builder.SetForgotten(hasDropped: true, 0);
            }
            else
            {
                builder.Add(attribute.NameUtf8, attribute.Version, attribute.Flags, attribute.Payload, attribute.Large);
            }
        }
    }

    /// <summary>Whether an attribute is removed.</summary>
    internal bool IsRemoval(string name) => TryGet(name, out var value) && value is null;

    internal void Put(string name, byte[]? value)
    {
        var at = IndexOf(name);
        if (at < 0)
        {
            at = Count++;
            if (at == _changes.Length)
            {
                Array.Resize(ref _changes, Math.Max(FirstRoom, 2 * at));
            }

            if (Count == IndexFrom)
            {
                _index = new Dictionary<string, int>(StringComparer.Ordinal);
                for (var i = 0; i < at; i++)
                {
                    _index.Add(_changes[i].Key, i);
                }
            }

            _index?.Add(name, at);
        }

        _maxBytes += MaxBytesOf(name, value) - (_changes[at].Key is null ? 0 : MaxBytesOf(name, _changes[at].Value));
        _changes[at] = new(name, value);
    }

    private int IndexOf(string name)
    {
        if (_index is not null)
        {
            return _index.GetValueOrDefault(name, -1);
        }

        for (var i = 0; i < Count; i++)
        {
            if (_changes[i].Key == name)
            {
                return i;
            }
        }

        return -1;
    }
}
