using System.Buffers.Binary;
using System.Runtime.InteropServices;

namespace ClusterSession.Records;

/// <summary>
/// Puts a <see cref="SessionRecord"/> together from attributes in any order. Of several with one
/// name the newest version stays, which makes merging and applying a delta the same thing: add
/// everything, build.
/// </summary>
/// <remarks>Not thread-safe. <see cref="Rent"/> one, use it, dispose it: it goes back to its
/// thread.</remarks>
public sealed class SessionRecordBuilder : IDisposable
{
    private const int FewVersions = 32;

    [ThreadStatic]
    private static SessionRecordBuilder? t_spare;

    private readonly BuilderEntries _entries = new();
    private readonly CommitIntervals _commits = new();
    private readonly List<SessionVersion> _versions = [];
    private readonly Dictionary<SessionVersion, int> _versionNumbers = []; // only where there are more than a few
    private readonly List<byte[]> _large = [];
    private byte _flags;
    private long _created;
    private SessionVersion _version;
    private SessionVersion _previous;
    private long _forgotten;
    private bool _hasDropped;

    private SessionRecordBuilder() { }

    /// <summary>An empty builder.</summary>
    public static SessionRecordBuilder Rent()
    {
        var spare = t_spare ?? new SessionRecordBuilder();
        t_spare = null;
        return spare;
    }

    /// <summary>Sets what belongs to the whole record.</summary>
    /// <param name="flags">Flag bits, unknown ones included.</param>
    /// <param name="created">When the session began.</param>
    public void SetHeader(byte flags, DateTimeOffset created)
    {
        _flags = flags;
        _created = created.ToUnixTimeMilliseconds();
    }

    /// <summary>Adds a commit; in any order. The newest gives the record its version.</summary>
    /// <param name="version">The commit.</param>
    /// <param name="after">
    /// The last stamp that its writer issued for the session before, whatever became of it. Default
    /// -1: not known, then nothing is said of the stamps below.
    /// </param>
    public void AddCommit(SessionVersion version, long after = -1)
    {
        if (version.IsNone)
        {
            return;
        }

        if (version > _version)
        {
            SetVersion(version, _version);
        }

        _commits.Add(version, after < 0 ? version.Stamp - 1 : Math.Min(after, version.Stamp - 1));
    }

    /// <summary>
    /// Adds a commit, with what its writer says of the stamps that it issued before.
    /// </summary>
    internal void AddCommit(IssuedVersion issued)
    {
        AddCommit(issued.Version, issued.PreviousStamp);
        _commits.Add(issued.UnusedStamps.Span);
    }

    /// <summary>
    /// Says which version the record has, and which it had before, unless it has a newer one.
    /// </summary>
    /// <param name="version">The version.</param>
    /// <param name="previous">The one before, or <see cref="SessionVersion.None"/>.</param>
    public void SetVersion(SessionVersion version, SessionVersion previous)
    {
        if (version > _version || (version == _version && previous > _previous))
        {
            (_version, _previous) = (version, previous);
        }
    }

    /// <summary>Adds the commits of another copy.</summary>
    /// <param name="record">The other copy.</param>
    public void AddCommits(SessionRecord record)
    {
        ArgumentNullException.ThrowIfNull(record);
        SetVersion(record.Version, record.Previous);
        _commits.Add(record.Intervals);
        SetForgotten(record.HasDroppedTombstones, record.ForgottenUpTo);
    }

    /// <summary>Adds those commits of another copy whose stamps are above one.</summary>
    internal void AddCommitsAbove(SessionRecord record, long stamp)
    {
        for (var rest = record.Intervals; !rest.IsEmpty; rest = rest[CommitIntervals.EncodedLength..])
        {
            var newest = CommitIntervals.NewestOf(rest);
            if (newest.Stamp > stamp)
            {
                _commits.Add(newest, Math.Max(stamp, CommitIntervals.LoOf(rest)));
            }
        }
    }

    /// <summary>Adds commits as <see cref="SessionRecord.Intervals"/> gives them.</summary>
    /// <param name="intervals">The bytes; 20 for each interval.</param>
    /// <returns>False if they are malformed; then nothing of the builder is of use.</returns>
    public bool TryAddIntervals(ReadOnlySpan<byte> intervals)
    {
        for (var rest = intervals; !rest.IsEmpty; rest = rest[CommitIntervals.EncodedLength..])
        {
            if (
                rest.Length < CommitIntervals.EncodedLength
                || !SessionVersion.TryRead(rest[CommitIntervals.HiOffset..], out var newest)
                || CommitIntervals.LoOf(rest) >= newest.Stamp
            )
            {
                return false;
            }

            _commits.Add(newest, CommitIntervals.LoOf(rest));
        }

        return true;
    }

    /// <summary>
    /// Says whether tombstones were dropped, and up to which stamp commits were forgotten since.
    /// </summary>
    /// <param name="hasDropped">See <see cref="SessionRecord.HasDroppedTombstones"/>.</param>
    /// <param name="upTo">See <see cref="SessionRecord.ForgottenUpTo"/>.</param>
    public void SetForgotten(bool hasDropped, long upTo)
    {
        _hasDropped |= hasDropped;
        _forgotten = Math.Max(_forgotten, upTo);
    }

    /// <summary>Adds an attribute or a tombstone.</summary>
    /// <param name="nameUtf8">Its name.</param>
    /// <param name="version">The commit that wrote it.</param>
    /// <param name="flags">Flag bits; bit 0 for a tombstone.</param>
    /// <param name="payload">Its value, copied.</param>
    public void Add(ReadOnlySpan<byte> nameUtf8, SessionVersion version, byte flags, ReadOnlySpan<byte> payload) =>
        Add(nameUtf8, version, flags, payload, payload.Length >= SessionRecord.LargePayload ? payload.ToArray() : null);

    /// <summary>
    /// Adds all attributes of a copy, but none that another copy has seen and removed.
    /// </summary>
    /// <param name="record">The copy.</param>
    /// <param name="other">The other one; null: it removes nothing.</param>
    /// <param name="hasDropped">Whether tombstones were dropped in either of them.</param>
    internal void AddAttributes(SessionRecord record, SessionRecord? other, bool hasDropped = false)
    {
        foreach (var attribute in record)
        {
            if (
                other is null
                || !(
                    attribute.Exists
                        ? other.HasRemoved(attribute, hasDropped)
                        : Tombstones.WasDropped(other, attribute, hasDropped)
                )
            )
            {
                Add(attribute.NameUtf8, attribute.Version, attribute.Flags, attribute.Payload, attribute.Large);
            }
        }
    }

    /// <summary>
    /// Adds an attribute whose large payload is an array that nobody will write to.
    /// </summary>
    internal void Add(
        ReadOnlySpan<byte> nameUtf8,
        SessionVersion version,
        byte flags,
        ReadOnlySpan<byte> payload,
        byte[]? large
    ) => _entries.Add(nameUtf8, version, flags, payload, large);

    /// <summary>
    /// Removes an attribute without a tombstone: whatever is older of that name goes.
    /// </summary>
    internal void AddDropped(ReadOnlySpan<byte> nameUtf8, SessionVersion version)
    {
        _entries.AddDropped(nameUtf8, version);
        SetForgotten(hasDropped: true, 0);
    }

    /// <summary>Makes the record.</summary>
    /// <exception cref="InvalidOperationException">
    /// The record and its attributes have more than 65,535 different versions.
    /// </exception>
    public SessionRecord Build()
    {
        _entries.SortAndKeepNewest(_hasDropped);
        var forgotten = _commits.Normalize();
        _forgotten = _hasDropped ? Math.Max(_forgotten, forgotten) : 0;
        NumberVersions();
        if (_versions.Count > ushort.MaxValue)
        {
            throw new InvalidOperationException(
                "A session refers to at most 65,535 different versions; this one has more."
            );
        }

        var table = new byte[MeasureTable()];
        table[0] = _flags;
        BinaryPrimitives.WriteInt64BigEndian(table.AsSpan(1), _created);
        BinaryPrimitives.WriteInt64BigEndian(table.AsSpan(SessionRecord.ForgottenOffset - 1), _forgotten);
        // Must come after the stamp, which is written as 8 bytes: its first byte, always 0, would
        // overwrite the last byte of the previous version.
        _previous.WriteTo(table.AsSpan(SessionRecord.PreviousOffset));
        table[SessionRecord.MarksOffset] = _hasDropped ? SessionRecord.DroppedBit : (byte)0;
        BinaryPrimitives.WriteUInt16BigEndian(table.AsSpan(SessionRecord.VersionCountOffset), (ushort)_versions.Count);
        BinaryPrimitives.WriteUInt16BigEndian(table.AsSpan(SessionRecord.IntervalCountOffset), (ushort)_commits.Count);
        var at = SessionRecord.VersionsOffset;
        foreach (var version in _versions)
        {
            version.WriteTo(table.AsSpan(at));
            at += SessionVersion.EncodedLength;
        }

        _commits.WriteTo(table.AsSpan(at));
        at += _commits.Count * CommitIntervals.EncodedLength;
        Varint.Write(table, ref at, _entries.Count);
        foreach (ref readonly var entry in _entries.Span)
        {
            Varint.Write(table, ref at, entry.VersionNumber);
            table[at++] = entry.Flags;
            if ((entry.Flags & SessionAttribute.RemovedFlag) != 0)
            {
                table[SessionRecord.MarksOffset] |= SessionRecord.TombstonesBit;
            }

            Varint.Write(table, ref at, entry.NameLength);
            _entries.NameOf(entry).CopyTo(table.AsSpan(at));
            at += entry.NameLength;
            if (entry.Large is not null)
            {
                Varint.Write(table, ref at, (_large.Count << 1) | 1);
                _large.Add(entry.Large);
            }
            else
            {
                Varint.Write(table, ref at, entry.PayloadLength << 1);
                _entries.PayloadOf(entry).CopyTo(table.AsSpan(at));
                at += entry.PayloadLength;
            }
        }

        return new SessionRecord(table, _large.Count == 0 ? [] : [.. _large]);
    }

    /// <summary>Returns the builder to its thread.</summary>
    public void Dispose()
    {
        _entries.Clear();
        _commits.Clear();
        (_version, _previous, _forgotten, _hasDropped) = (default, default, 0, false);
        _versions.Clear();
        _versionNumbers.Clear();
        _large.Clear();
        t_spare = this;
    }

    private void NumberVersions()
    {
        _versions.Add(_version);
        foreach (ref var entry in _entries.Span)
        {
            entry.VersionNumber = NumberOf(entry.Version);
        }
    }

    private int NumberOf(SessionVersion version)
    {
        int number;
        if (_versions.Count <= FewVersions)
        {
            number = CollectionsMarshal.AsSpan(_versions).IndexOf(version);
        }
        else
        {
            for (var known = _versionNumbers.Count; known < _versions.Count; known++)
            {
                _versionNumbers.Add(_versions[known], known);
            }

            number = _versionNumbers.GetValueOrDefault(version, -1);
        }

        if (number >= 0)
        {
            return number;
        }

        _versions.Add(version);
        return _versions.Count - 1;
    }

    private int MeasureTable()
    {
        var size =
            SessionRecord.VersionsOffset
            + (_versions.Count * SessionVersion.EncodedLength)
            + (_commits.Count * CommitIntervals.EncodedLength)
            + Varint.Length(_entries.Count);
        var large = 0;
        foreach (ref readonly var entry in _entries.Span)
        {
            size += Varint.Length(entry.VersionNumber) + 1 + Varint.Length(entry.NameLength) + entry.NameLength;
            size += entry.Large is not null
                ? Varint.Length((large++ << 1) | 1)
                : Varint.Length(entry.PayloadLength << 1) + entry.PayloadLength;
        }

        return size;
    }
}
