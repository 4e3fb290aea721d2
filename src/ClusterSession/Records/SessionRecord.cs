using System.Buffers.Binary;
using System.Text;

namespace ClusterSession.Records;

/// <summary>
/// One copy of a session: an immutable map of attributes, each with the version of the commit that
/// wrote it. Two copies of one session merge attribute by attribute
/// (<see cref="Merge(SessionRecord, SessionRecord)"/>), wherever they come from and in whatever
/// order.
/// </summary>
/// <remarks>
/// <para>
/// In memory a record is one byte array, because a node holds hundreds of thousands of them: ten
/// attributes of fifty bytes as a dictionary of byte arrays take 1.5 KB, as a table 0.7 KB.
/// Big-endian; a varint is unsigned LEB128.
/// </para>
/// <code>
/// offset  size    field
/// 0       1       flags: bit 0 = destroyed, bit 1 = expires at a time of its own
///                 (<c>RecordExpiry</c>); unknown bits are carried through
/// 1       8       created, Unix milliseconds
/// 9       1       marks: bit 0 = tombstones of attributes were dropped; bit 7 = an attribute is a
///                 tombstone
/// 10      2       V, number of versions, at least 1
/// 12      2       E, number of intervals
/// 14      13      the version before that of the record
/// 27      7       the highest stamp of an interval that was forgotten since tombstones were
///                 dropped, or 0
/// 34      13*V    versions: first the record's, then those that attributes refer to
/// ..      20*E    the commits it contains (CommitIntervals)
/// ..      varint  N, number of attributes
///         per attribute, ascending by the bytes of its name:
///           varint  index of its version
///           1       flags: bit 0 = removed (a tombstone; payload: the version that was removed, if
///                   known); unknown bits are carried through
///           varint  length of the name, then the name in UTF-8
///           varint  payload: length * 2, then the payload; or index * 2 + 1 into the array of
///                   large payloads
/// </code>
/// <para>
/// Payloads of 192 bytes and more stay arrays of their own, shared from one record to the next: a
/// counter beside 100 KB must not copy the 100 KB at each commit. An array costs 32 bytes, a sixth
/// of the smallest of them: with it a copy stays within 1.3 times its payload. For many attributes
/// the offsets are indexed at first use.
/// </para>
/// <para>
/// The intervals let a node tell "the store is ahead of what this client saw" from "the store never
/// had it": what they claim is in the record, whatever was lost, reordered or repeated.
/// </para>
/// <para>Thread-safe: nothing in it changes.</para>
/// </remarks>
public sealed class SessionRecord
{
    /// <summary>
    /// How many tombstones of attributes are kept; of more the oldest are dropped.
    /// </summary>
    public const int MaxTombstones = 64;

    internal const int LargePayload = 192;

    /// <summary>
    /// What an attribute takes in a store besides its name and value: version, flags, and a byte of
    /// the field's name.
    /// </summary>
    internal const int AttributeOverhead = SessionVersion.EncodedLength + 2;
    private const int ArrayOverhead = 32; // header, length and the reference to it
    internal const byte DestroyedFlag = 1;
    internal const int MarksOffset = 9;
    internal const byte TombstonesBit = 0x80;
    internal const byte DroppedBit = 1;
    internal const int VersionCountOffset = 10;
    internal const int IntervalCountOffset = 12;
    internal const int PreviousOffset = 14;
    internal const int ForgottenOffset = 27;
    internal const int VersionsOffset = 34;
    private const int IndexFrom = 24;

    private readonly byte[] _table;
    private readonly byte[][] _large;
    private readonly int _attributesAt;
    private readonly int _attributeCount;
    private int[]? _index;

    internal SessionRecord(byte[] table, byte[][] large)
    {
        _table = table;
        _large = large;
        var at = IntervalsAt + IntervalsLength;
        _attributeCount = Varint.Read(table, ref at);
        _attributesAt = at;
    }

    /// <summary>
    /// The commit that made this copy what it is, or <see cref="SessionVersion.None"/> before the
    /// first one.
    /// </summary>
    public SessionVersion Version => VersionAt(0);

    /// <summary>
    /// The version that the store had before <see cref="Version"/>, or
    /// <see cref="SessionVersion.None"/>.
    /// </summary>
    public SessionVersion Previous => SessionVersion.Read(_table.AsSpan(PreviousOffset));

    /// <summary>
    /// Whether tombstones of attributes were dropped. Then a value that is not here, and whose
    /// commit this copy contains or has forgotten, was removed here.
    /// </summary>
    public bool HasDroppedTombstones => (_table[MarksOffset] & DroppedBit) != 0;

    /// <summary>
    /// The highest stamp of an interval that was forgotten since tombstones were dropped, or 0.
    /// </summary>
    public long ForgottenUpTo =>
        BinaryPrimitives.ReadInt64BigEndian(_table.AsSpan(ForgottenOffset - 1)) & (long.MaxValue >> 7);

    /// <summary>
    /// The commits that this copy contains, as bytes of intervals: lo 7, hi 7, writer 6,
    /// big-endian, ascending by writer and lo. A store keeps them as they are.
    /// </summary>
    public ReadOnlySpan<byte> Intervals => _table.AsSpan(IntervalsAt, IntervalsLength);

    /// <summary>
    /// When the session was first committed or opened, by the clock of the node that made it.
    /// </summary>
    public DateTimeOffset Created =>
        DateTimeOffset.FromUnixTimeMilliseconds(BinaryPrimitives.ReadInt64BigEndian(_table.AsSpan(1)));

    /// <summary>Flag bits of the record; bit 0 says that the session was destroyed.</summary>
    public byte Flags => _table[0];

    /// <summary>Whether this copy is the tombstone of a session that was destroyed.</summary>
    public bool IsDestroyed => (Flags & DestroyedFlag) != 0;

    internal bool HasOwnExpiry => (Flags & RecordExpiry.Flag) != 0; // However much or little it is used.

    /// <summary>
    /// Whether an attribute is a tombstone. Most records have none, and looking for them was 2 % of
    /// a commit.
    /// </summary>
    internal bool HasTombstones => (_table[MarksOffset] & TombstonesBit) != 0;

    /// <summary>The bytes described above; nobody writes to them.</summary>
    internal byte[] Table => _table;

    internal byte[][] Large => _large;

    internal int AttributesAt => _attributesAt;

    /// <summary>How many attributes there are, tombstones included.</summary>
    public int AttributeCount => _attributeCount;

    /// <summary>The bytes this copy takes in memory; used for the bound on local copies.</summary>
    public int Size
    {
        get
        {
            var size = _table.Length;
            foreach (var payload in _large)
            {
                size += payload.Length + ArrayOverhead;
            }

            return size;
        }
    }

    private int IntervalsAt => VersionsOffset + (SessionVersion.EncodedLength * VersionCount);

    private int IntervalsLength =>
        CommitIntervals.EncodedLength * BinaryPrimitives.ReadUInt16BigEndian(_table.AsSpan(IntervalCountOffset));

    internal int VersionCount => BinaryPrimitives.ReadUInt16BigEndian(_table.AsSpan(VersionCountOffset));

    /// <summary>A session nobody has committed yet.</summary>
    /// <param name="created">Now, by the node's clock.</param>
    public static SessionRecord New(DateTimeOffset created)
    {
        using var builder = SessionRecordBuilder.Rent();
        builder.SetHeader(0, created);
        return builder.Build();
    }

    /// <summary>
    /// Whether this copy is known to contain the commit. What is not known counts as not contained:
    /// this copy is then behind the commit, or concurrent with it, or contains it and has forgotten
    /// that.
    /// </summary>
    /// <param name="version">A commit that somebody has seen.</param>
    public bool Contains(SessionVersion version) =>
        version.IsNone || version == Version || CommitIntervals.Contains(Intervals, version);

    /// <summary>
    /// Whether this copy contains every commit that another one is known to contain. Comparing
    /// versions is not enough: after a loss the store may have the newest commit without those
    /// before it.
    /// </summary>
    internal bool ContainsAllOf(SessionRecord other) =>
        ReferenceEquals(this, other) || (Contains(other.Version) && CommitIntervals.Covers(Intervals, other.Intervals));

    /// <summary>Finds an attribute.</summary>
    /// <param name="name">Its name, compared by its bytes.</param>
    /// <param name="attribute">
    /// The attribute; if there is none, one whose <see cref="SessionAttribute.Exists"/> is false.
    /// </param>
    /// <returns>True if the record knows the name, also where only as a tombstone.</returns>
    public bool TryFind(string name, out SessionAttribute attribute)
    {
        ArgumentNullException.ThrowIfNull(name);
        if (_attributeCount == 0)
        {
            attribute = default;
            return false;
        }

        var most = Encoding.UTF8.GetMaxByteCount(name.Length);
        Span<byte> utf8 = most <= 512 ? stackalloc byte[most] : new byte[most];
        attribute = default;
        return Utf8Text.TryEncode(name, utf8, out var length) && TryFind(utf8[..length], out attribute);
    }

    /// <summary>Finds an attribute by the UTF-8 of its name.</summary>
    /// <inheritdoc cref="TryFind(string, out SessionAttribute)"/>
    public bool TryFind(scoped ReadOnlySpan<byte> name, out SessionAttribute attribute)
    {
        if (_attributeCount >= IndexFrom)
        {
            return TryFindByIndex(name, out attribute);
        }

        foreach (var candidate in this)
        {
            if (candidate.NameUtf8.SequenceEqual(name))
            {
                attribute = candidate;
                return true;
            }
        }

        attribute = default;
        return false;
    }

    /// <summary>
    /// Walks the attributes, tombstones included, in the order of the bytes of their names.
    /// </summary>
    public Enumerator GetEnumerator() => new(this);

    /// <summary>
    /// One copy that holds whatever either of the two holds: of each attribute the newer version,
    /// and the commits of both; a value that one of them has seen and removed is gone. A destroyed
    /// copy wins over everything.
    /// </summary>
    /// <remarks>
    /// Commutative and idempotent; associative as long as nothing is forgotten. Values are never
    /// merged structurally: deep merging was tried by connect-redis 6.1.0 and reverted the same
    /// day.
    /// </remarks>
    /// <param name="left">One copy; it has all that the commits it contains have written.</param>
    /// <param name="right">Another copy of the same session.</param>
    public static SessionRecord Merge(SessionRecord left, SessionRecord right) => Merge(left, right, isPartial: false);

    /// <summary>
    /// Merges as <see cref="Merge(SessionRecord, SessionRecord)"/> does. With <paramref
    /// name="isPartial"/> the right copy may have some attributes only, and then removes nothing.
    /// </summary>
    internal static SessionRecord Merge(SessionRecord left, SessionRecord right, bool isPartial)
    {
        ArgumentNullException.ThrowIfNull(left);
        ArgumentNullException.ThrowIfNull(right);
        if (ReferenceEquals(left, right))
        {
            return left;
        }

        using var builder = SessionRecordBuilder.Rent();
        var created = left.Created <= right.Created ? left.Created : right.Created;
        var flags = (byte)(left.Flags | right.Flags);
        builder.SetHeader(flags, created);
        builder.AddCommits(left);
        builder.AddCommits(right);
        if ((flags & DestroyedFlag) == 0)
        {
            var hasDropped = left.HasDroppedTombstones || (!isPartial && right.HasDroppedTombstones);
            builder.AddAttributes(left, isPartial ? null : right, hasDropped);
            builder.AddAttributes(right, left, hasDropped);
        }

        return builder.Build();
    }

    /// <summary>
    /// Whether this copy has seen this value and has removed or replaced it. The answer is false
    /// where neither copy has dropped tombstones: the tombstone or the newer value is then still
    /// here, and wins by its version.
    /// </summary>
    internal bool HasRemoved(in SessionAttribute attribute, bool hasEitherDropped) =>
        hasEitherDropped && Tombstones.Recognises(this, attribute.Version) && HasOtherThan(attribute);

    /// <summary>
    /// Whether this copy has the name with another version. A name that it does not have counts
    /// too, if this copy has dropped tombstones.
    /// </summary>
    internal bool HasOtherThan(in SessionAttribute attribute) =>
        TryFind(attribute.NameUtf8, out var own) ? own.Version != attribute.Version : HasDroppedTombstones;

    /// <summary>
    /// Whether both hold the same attributes, versions and flags; the commits they contain may
    /// differ.
    /// </summary>
    /// <param name="other">Another copy.</param>
    public bool HasSameContent(SessionRecord other)
    {
        ArgumentNullException.ThrowIfNull(other);
        if (_attributeCount != other._attributeCount || Flags != other.Flags || Created != other.Created)
        {
            return false;
        }

        var mine = GetEnumerator();
        var theirs = other.GetEnumerator();
        while (mine.MoveNext() && theirs.MoveNext())
        {
            var a = mine.Current;
            var b = theirs.Current;
            if (
                a.Version != b.Version
                || a.Flags != b.Flags
                || !a.NameUtf8.SequenceEqual(b.NameUtf8)
                || !a.Payload.SequenceEqual(b.Payload)
            )
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>Whether both are known to contain the same commits.</summary>
    internal bool HasSameCommits(SessionRecord other) =>
        Intervals.SequenceEqual(other.Intervals)
        && ForgottenUpTo == other.ForgottenUpTo
        && HasDroppedTombstones == other.HasDroppedTombstones;

    private SessionVersion VersionAt(int index) =>
        SessionVersion.Read(_table.AsSpan(VersionsOffset + (SessionVersion.EncodedLength * index)));

    private SessionAttribute AttributeAt(scoped ref int at)
    {
        var version = VersionAt(Varint.Read(_table, ref at));
        var flags = _table[at++];
        var nameLength = Varint.Read(_table, ref at);
        var name = _table.AsSpan(at, nameLength);
        at += nameLength;
        var payload = Varint.Read(_table, ref at);
        if ((payload & 1) != 0)
        {
            var large = _large[payload >> 1];
            return new SessionAttribute(name, version, flags, large, large);
        }

        var small = _table.AsSpan(at, payload >> 1);
        at += small.Length;
        return new SessionAttribute(name, version, flags, small, null);
    }

    private bool TryFindByIndex(scoped ReadOnlySpan<byte> name, out SessionAttribute attribute)
    {
        var index = _index ??= BuildIndex();
        int low = 0,
            high = index.Length - 1;
        while (low <= high)
        {
            var middle = (low + high) >>> 1;
            var at = index[middle];
            var candidate = AttributeAt(ref at);
            var order = candidate.NameUtf8.SequenceCompareTo(name);
            if (order == 0)
            {
                attribute = candidate;
                return true;
            }

            if (order < 0)
            {
                low = middle + 1;
            }
            else
            {
                high = middle - 1;
            }
        }

        attribute = default;
        return false;
    }

    private int[] BuildIndex()
    {
        var index = new int[_attributeCount];
        var at = _attributesAt;
        for (var i = 0; i < index.Length; i++)
        {
            index[i] = at;
            AttributeAt(ref at);
        }

        return index;
    }

    /// <summary>Walks the attributes of a record.</summary>
    public ref struct Enumerator
    {
        private readonly SessionRecord _record;
        private int _at;
        private int _left;
        private SessionAttribute _current;

        internal Enumerator(SessionRecord record)
        {
            _record = record;
            _at = record._attributesAt;
            _left = record._attributeCount;
        }

        /// <summary>The attribute this stands on.</summary>
        public readonly SessionAttribute Current => _current;

        /// <summary>Goes to the next attribute.</summary>
        public bool MoveNext()
        {
            if (_left == 0)
            {
                return false;
            }

            _left--;
            _current = _record.AttributeAt(ref _at);
            return true;
        }
    }
}
