using System.Buffers.Binary;
using System.Globalization;
using System.Text;
using ClusterSession.Records;
using ClusterSession.TestKit.Sessions;

namespace ClusterSession.TestKit.Conformance;

/// <summary>
/// What a store must hold under one key, written as plainly as possible, on collections and nothing
/// of the product's own merging: the oracle of the generated sequences.
/// </summary>
internal sealed class ModelSession
{
    private readonly SortedDictionary<string, (SessionVersion Version, byte Flags, byte[] Value)> _attributes = new(
        StringComparer.Ordinal
    );
    private readonly List<(long Writer, long Lo, long Hi)> _commits = [];
    private long _forgotten;
    private bool _hasDropped;
    private SessionVersion? _end;
    private bool _exists;

    public SessionVersion Version { get; private set; }

    public bool Exists => _exists;

    public bool IsDestroyed => _end is not null;

    public (WriteOutcome Outcome, SessionVersion? Previous) Commit(SessionChange change)
    {
        if (Refusal() is { } refusal)
        {
            return (refusal, null);
        }

        if (Version.Stamp >= change.Version.Stamp && Contains(change.Version))
        {
            return (WriteOutcome.Committed, null);
        }

        if (Version.Stamp >= change.Version.Stamp || (change.MustBeBase && Version != change.Base))
        {
            return (WriteOutcome.Superseded, Version);
        }

        var before = Clone();
        foreach (var name in Contains(change.Base) ? change.Forgotten : [])
        {
            var isRemoval = change.Delta.TryGet(name, out var set) && set is null;
            if (
                !isRemoval
                && _attributes.TryGetValue(name, out var old)
                && (old.Flags & 1) != 0
                && old.Version <= change.Base
                && before.MayBeDropped(old)
            )
            {
                _attributes.Remove(name);
                _hasDropped = true;
            }
        }

        foreach (var (name, value) in change.Delta.Changes)
        {
            if (
                value is null
                && change.Forgotten.Contains(name)
                && before.Contains(change.Base)
                && SessionVersion.TryRead(Removed(change.Opened, name), out var removed)
                && before.Recognises(removed)
                && (!before._attributes.TryGetValue(name, out var own) || before.MayBeDropped(own))
            )
            {
                _attributes.Remove(name);
                _hasDropped = true;
                continue;
            }

            _attributes[name] = (
                change.Version,
                value is null ? (byte)1 : (byte)0,
                value ?? Removed(change.Opened, name)
            );
        }

        var previous = Version;
        Remember(change.Version, change.PreviousStamp);
        return (WriteOutcome.Committed, previous);
    }

    public (WriteOutcome Outcome, SessionVersion? Previous) Merge(SessionMerge copy)
    {
        if (_end is not null)
        {
            return (WriteOutcome.Destroyed, null);
        }

        if (!_exists)
        {
            if (copy.Mode == MergeMode.Amend)
            {
                return (WriteOutcome.Missing, null);
            }

            _exists = true;
            Take(copy.Record, isPartial: false);
            return (WriteOutcome.Committed, SessionVersion.None);
        }

        if (copy.Mode == MergeMode.Amend && !Contains(copy.MustContain))
        {
            return (WriteOutcome.Missing, null);
        }

        if (copy.Mode == MergeMode.Create && !Contains(copy.Record.Version))
        {
            return (WriteOutcome.Collision, null);
        }

        var merged = Clone();
        merged.Take(copy.Record, copy.IsPartial);
        if (merged.ToString() == ToString())
        {
            return (WriteOutcome.Unchanged, Version);
        }

        if (Version.Stamp >= copy.Version.Stamp)
        {
            return (WriteOutcome.Superseded, Version);
        }

        var previous = Version;
        Take(copy.Record, copy.IsPartial);
        Version = copy.Version > copy.Record.Version ? copy.Version : copy.Record.Version;
        Remember(copy.Version, copy.PreviousStamp);
        return (WriteOutcome.Committed, previous);
    }

    public (WriteOutcome Outcome, SessionVersion? Previous) Destroy(SessionVersion version)
    {
        if (_end is { } end)
        {
            return (end == version ? WriteOutcome.Committed : WriteOutcome.Destroyed, null);
        }

        var previous = Version;
        _end = version;
        _exists = true;
        return (WriteOutcome.Committed, previous);
    }

    /// <summary>This state as a record, as a node would hold it.</summary>
    public RecordSketch Sketch(params (SessionVersion Version, long After)[] more)
    {
        var sketch = RecordSketch.At(Version);
        foreach (
            var (version, after) in _commits
                .Select(one => (new SessionVersion(one.Hi, one.Writer), one.Lo))
                .Concat(more)
        )
        {
            sketch.Commit(version, after);
        }

        if (_hasDropped)
        {
            sketch.Dropped();
        }

        foreach (var (name, attribute) in _attributes)
        {
            sketch.With(name, attribute.Value, attribute.Version, attribute.Flags);
        }

        return sketch;
    }

    public ModelSession Clone()
    {
        var clone = new ModelSession
        {
            _exists = _exists,
            _end = _end,
            Version = Version,
            _forgotten = _forgotten,
            _hasDropped = _hasDropped,
        };
        clone._commits.AddRange(_commits);
        foreach (var (name, attribute) in _attributes)
        {
            clone._attributes.Add(name, attribute);
        }

        return clone;
    }

    public override string ToString()
    {
        var commits = string.Concat(
            _commits.Select(one =>
                string.Create(CultureInfo.InvariantCulture, $" ({one.Lo:x}, {new SessionVersion(one.Hi, one.Writer)}]")
            )
        );
        var dropped = _hasDropped
            ? string.Create(CultureInfo.InvariantCulture, $" dropped, forgotten up to {_forgotten:x}")
            : "";
        return TextOf(
            $"version {Version} contains{commits}{dropped}",
            _attributes.Select(a => RecordText.Of(a.Key, a.Value.Version, a.Value.Flags, a.Value.Value))
        );
    }

    public static string TextOf(SessionRecord record)
    {
        var attributes = new SortedDictionary<string, string>(StringComparer.Ordinal);
        foreach (var attribute in record)
        {
            attributes.Add(
                attribute.Name,
                RecordText.Of(attribute.Name, attribute.Version, attribute.Flags, attribute.Payload)
            );
        }

        return TextOf(RecordText.CommitsOf(record), attributes.Values);
    }

    private static string TextOf(string commits, IEnumerable<string> attributes) =>
        new StringBuilder(commits).Append('\n').AppendJoin('\n', attributes).ToString();

    private static byte[] Removed(SessionRecord? opened, string name)
    {
        if (opened is null || !opened.TryFind(name, out var attribute))
        {
            return [];
        }

        var version = new byte[SessionVersion.EncodedLength];
        attribute.Version.WriteTo(version);
        return attribute.Exists ? version : attribute.Payload.ToArray();
    }

    private bool Contains(SessionVersion version) =>
        version.IsNone
        || version == Version
        || _commits.Any(one => one.Writer == version.Writer && one.Lo < version.Stamp && version.Stamp <= one.Hi);

    private bool Recognises(SessionVersion value) => value.Stamp <= _forgotten || Contains(value);

    private bool MayBeDropped((SessionVersion Version, byte Flags, byte[] Value) attribute) =>
        (attribute.Flags & 1) == 0
            ? Recognises(attribute.Version)
            : SessionVersion.TryRead(attribute.Value, out var removed) && Recognises(removed);

    private WriteOutcome? Refusal() =>
        _end is not null ? WriteOutcome.Destroyed
        : !_exists ? WriteOutcome.Missing
        : null;

    private void Take(SessionRecord record, bool isPartial)
    {
        var before = Clone();
        foreach (var (name, own) in _attributes.ToArray())
        {
            var isRemoved =
                record.HasDroppedTombstones
                && !(record.TryFind(name, out var same) && same.Version == own.Version)
                && (own.Version.Stamp <= record.ForgottenUpTo || record.Contains(own.Version));
            var isDropped =
                record.HasDroppedTombstones
                && !(record.TryFind(name, out same) && same.Version == own.Version)
                && record.Contains(own.Version)
                && SessionVersion.TryRead(own.Value, out var removed)
                && (removed.Stamp <= record.ForgottenUpTo || record.Contains(removed));
            if (!isPartial && ((own.Flags & 1) == 0 ? isRemoved : isDropped))
            {
                _attributes.Remove(name);
            }
        }

        foreach (var attribute in record)
        {
            var isSame =
                before._attributes.TryGetValue(attribute.Name, out var own) && own.Version == attribute.Version;
            var isRemoved =
                !isSame
                && _hasDropped
                && attribute.Exists
                && (attribute.Version.Stamp <= _forgotten || Contains(attribute.Version));
            var isDropped =
                !isSame
                && _hasDropped
                && !attribute.Exists
                && Contains(attribute.Version)
                && SessionVersion.TryRead(attribute.Payload, out var removed)
                && Recognises(removed);
            if (
                !isRemoved
                && !isDropped
                && (!_attributes.TryGetValue(attribute.Name, out own) || own.Version < attribute.Version)
            )
            {
                _attributes[attribute.Name] = (attribute.Version, attribute.Flags, attribute.Payload.ToArray());
            }
        }

        Version = record.Version > Version ? record.Version : Version;
        _hasDropped |= record.HasDroppedTombstones;
        _forgotten = Math.Max(_forgotten, record.ForgottenUpTo);
        for (var rest = record.Intervals; !rest.IsEmpty; rest = rest[20..])
        {
            SessionVersion.TryRead(rest[7..], out var newest);
            _commits.Add((newest.Writer, BinaryPrimitives.ReadInt64BigEndian(rest) >>> 8, newest.Stamp));
        }

        Shorten();
    }

    private void Remember(SessionVersion version, long after)
    {
        Version = version > Version ? version : Version;
        _commits.Add(
            (version.Writer, after < 0 ? version.Stamp - 1 : Math.Min(after, version.Stamp - 1), version.Stamp)
        );
        Shorten();
    }

    /// <summary>
    /// Intervals that touch become one, as often as there are such; then the lowest go, where they
    /// are too many.
    /// </summary>
    private void Shorten()
    {
        while (
            _commits.SelectMany(a => _commits, (a, b) => (A: a, B: b)).FirstOrDefault(IsTouching)
                is { A.Hi: > 0 } touching
        )
        {
            var (a, b) = touching;
            _commits.Remove(a);
            _commits.Remove(b);
            _commits.Add((a.Writer, Math.Min(a.Lo, b.Lo), Math.Max(a.Hi, b.Hi)));
        }

        var kept = _commits
            .Distinct()
            .GroupBy(one => one.Writer)
            .Select(writer => writer.OrderByDescending(one => one.Hi).Take(16).ToArray())
            .OrderByDescending(writer => writer[0].Hi)
            .ThenByDescending(writer => writer[0].Writer)
            .Take(128)
            .SelectMany(writer => writer)
            .OrderBy(one => one.Writer)
            .ThenBy(one => one.Lo)
            .ToArray();
        var lost = _commits.Except(kept).Select(one => one.Hi).DefaultIfEmpty().Max();
        _forgotten = _hasDropped ? Math.Max(_forgotten, lost) : 0;
        _commits.Clear();
        _commits.AddRange(kept);

        static bool IsTouching(((long Writer, long Lo, long Hi) A, (long Writer, long Lo, long Hi) B) two) =>
            two.A != two.B && two.A.Writer == two.B.Writer && two.A.Lo <= two.B.Hi && two.B.Lo <= two.A.Hi;
    }
}
