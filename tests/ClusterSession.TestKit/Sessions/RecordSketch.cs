using System.Text;
using ClusterSession.Sessions;

namespace ClusterSession.TestKit.Sessions;

/// <summary>Builds a <see cref="SessionRecord"/> for a test, attribute by attribute.</summary>
public sealed class RecordSketch
{
    private readonly List<(byte[] Name, SessionVersion Version, byte Flags, byte[] Value)> _attributes = [];
    private readonly List<SessionVersion> _lineage = [];
    private byte _flags;
    private DateTimeOffset _created = DateTimeOffset.FromUnixTimeMilliseconds(1_790_000_000_000);

    public static RecordSketch At(params SessionVersion[] lineage)
    {
        var sketch = new RecordSketch();
        sketch._lineage.AddRange(lineage);
        return sketch;
    }

    public RecordSketch Flags(byte flags)
    {
        _flags = flags;
        return this;
    }

    public RecordSketch Created(DateTimeOffset created)
    {
        _created = created;
        return this;
    }

    public RecordSketch With(string name, string value, SessionVersion version, byte flags = 0) =>
        With(name, Encoding.UTF8.GetBytes(value), version, flags);

    public RecordSketch With(string name, byte[] value, SessionVersion version, byte flags = 0)
    {
        _attributes.Add((Encoding.UTF8.GetBytes(name), version, flags, value));
        return this;
    }

    public RecordSketch Without(string name, SessionVersion version, byte flags = 0) =>
        With(name, Array.Empty<byte>(), version, (byte)(flags | SessionAttribute.RemovedFlag));

    public SessionRecord Build()
    {
        using var builder = SessionRecordBuilder.Rent();
        builder.SetHeader(_flags, _created);
        foreach (var version in _lineage)
        {
            builder.AddLineage(version);
        }

        foreach (var (name, version, flags, value) in _attributes)
        {
            builder.Add(name, version, flags, value);
        }

        return builder.Build();
    }
}
