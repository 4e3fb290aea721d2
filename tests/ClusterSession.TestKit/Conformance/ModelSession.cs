using System.Globalization;
using System.Text;
using ClusterSession.Sessions;
using ClusterSession.Stores;
using ClusterSession.TestKit.Sessions;

namespace ClusterSession.TestKit.Conformance;

/// <summary>
/// What a store must hold under one key, written as plainly as possible, on collections and nothing of the product's own merging: the
/// oracle of the generated sequences.
/// </summary>
internal sealed class ModelSession
{
    private readonly SortedDictionary<string, (SessionVersion Version, byte Flags, byte[] Value)> _attributes = new(StringComparer.Ordinal);
    private readonly List<SessionVersion> _lineage = [];
    private SessionVersion? _end;
    private bool _exists;

    public SessionVersion Version => _lineage.Count == 0 ? SessionVersion.None : _lineage[0];

    public bool Exists => _exists;

    public bool IsDestroyed => _end is not null;

    public (StoreCommitOutcome Outcome, SessionVersion? Previous) Commit(SessionChange change)
    {
        if (Refusal() is { } refusal)
        {
            return (refusal, null);
        }

        if (_lineage.Contains(change.Version))
        {
            return (StoreCommitOutcome.Committed, null);
        }

        if (Version.Stamp >= change.Version.Stamp || (change.OnlyOnBase && Version != change.Base))
        {
            return (StoreCommitOutcome.Superseded, Version);
        }

        foreach (var name in change.Forgotten)
        {
            if (_attributes.TryGetValue(name, out var old) && (old.Flags & 1) != 0 && old.Version <= change.Base)
            {
                _attributes.Remove(name);
            }
        }

        foreach (var (name, value) in change.Delta.Changes)
        {
            _attributes[name] = (change.Version, value is null ? (byte)1 : (byte)0, value ?? []);
        }

        var previous = Version;
        Remember([change.Version]);
        return (StoreCommitOutcome.Committed, previous);
    }

    public (StoreCommitOutcome Outcome, SessionVersion? Previous) Merge(SessionCopy copy)
    {
        if (_end is not null)
        {
            return (StoreCommitOutcome.Destroyed, null);
        }

        if (!_exists)
        {
            if (copy.Mode == SessionCopyMode.Amend)
            {
                return (StoreCommitOutcome.Missing, null);
            }

            _exists = true;
            Take(copy.Record);
            return (StoreCommitOutcome.Committed, SessionVersion.None);
        }

        if (copy.Mode == SessionCopyMode.Create && !_lineage.Contains(copy.Record.Version))
        {
            return (StoreCommitOutcome.Collision, null);
        }

        var merged = Clone();
        merged.Take(copy.Record);
        if (merged.ToString() == ToString())
        {
            return (StoreCommitOutcome.Unchanged, Version);
        }

        if (Version.Stamp >= copy.Version.Stamp)
        {
            return (StoreCommitOutcome.Superseded, Version);
        }

        var previous = Version;
        Take(copy.Record);
        Remember([copy.Version]);
        return (StoreCommitOutcome.Committed, previous);
    }

    public (StoreCommitOutcome Outcome, SessionVersion? Previous) Destroy(SessionVersion version)
    {
        if (_end is { } end)
        {
            return (end == version ? StoreCommitOutcome.Committed : StoreCommitOutcome.Destroyed, null);
        }

        var previous = Version;
        _end = version;
        _exists = true;
        return (StoreCommitOutcome.Committed, previous);
    }

    /// <summary>This state as a record, as a node would hold it.</summary>
    public RecordSketch Sketch(params SessionVersion[] more)
    {
        var sketch = RecordSketch.At([.. _lineage, .. more]);
        foreach (var (name, attribute) in _attributes)
        {
            sketch.With(name, attribute.Value, attribute.Version, attribute.Flags);
        }

        return sketch;
    }

    public ModelSession Clone()
    {
        var clone = new ModelSession { _exists = _exists, _end = _end };
        clone._lineage.AddRange(_lineage);
        foreach (var (name, attribute) in _attributes)
        {
            clone._attributes.Add(name, attribute);
        }

        return clone;
    }

    public override string ToString() => TextOf(_lineage, _attributes.Select(a => RecordText.Of(a.Key, a.Value.Version, a.Value.Flags, a.Value.Value)));

    public static string TextOf(SessionRecord record)
    {
        var attributes = new SortedDictionary<string, string>(StringComparer.Ordinal);
        foreach (var attribute in record)
        {
            attributes.Add(attribute.Name, RecordText.Of(attribute.Name, attribute.Version, attribute.Flags, attribute.Payload));
        }

        return TextOf(Enumerable.Range(0, record.LineageLength).Select(record.Lineage), attributes.Values);
    }

    private static string TextOf(IEnumerable<SessionVersion> lineage, IEnumerable<string> attributes) => new StringBuilder()
        .Append(CultureInfo.InvariantCulture, $"lineage {string.Join(' ', lineage)}\n").AppendJoin('\n', attributes).ToString();

    private StoreCommitOutcome? Refusal() =>
        _end is not null ? StoreCommitOutcome.Destroyed : !_exists ? StoreCommitOutcome.Missing : null;

    private void Take(SessionRecord record)
    {
        foreach (var attribute in record)
        {
            if (!_attributes.TryGetValue(attribute.Name, out var own) || own.Version < attribute.Version)
            {
                _attributes[attribute.Name] = (attribute.Version, attribute.Flags, attribute.Payload.ToArray());
            }
        }

        Remember(Enumerable.Range(0, record.LineageLength).Select(record.Lineage).ToArray());
    }

    private void Remember(SessionVersion[] versions)
    {
        var all = _lineage.Concat(versions).Distinct().OrderDescending().ToList();
        var floors = all.Skip(SessionRecord.ExactLineage).GroupBy(version => version.Writer).Select(writer => writer.First());
        _lineage.Clear();
        _lineage.AddRange([.. all.Take(SessionRecord.ExactLineage), .. floors.Take(SessionRecord.MaxLineage - SessionRecord.ExactLineage)]);
    }
}
