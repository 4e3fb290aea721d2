using System.Text;
using ClusterSession.Records;

namespace ClusterSession.TestKit.Sessions;

/// <summary>Builds a <see cref="SessionRecord"/> for a test, attribute by attribute.</summary>
public sealed class RecordSketch
{
    private readonly List<(byte[] Name, SessionVersion Version, byte Flags, byte[] Value)> _attributes = [];
    private readonly List<(SessionVersion Version, long After)> _commits = [];
    private byte _flags;
    private bool _hasDropped;
    private DateTimeOffset _created = DateTimeOffset.FromUnixTimeMilliseconds(1_790_000_000_000);

    /// <summary>
    /// A record of these commits, the newest first; nothing is said of the stamps between them.
    /// </summary>
    public static RecordSketch At(params SessionVersion[] commits)
    {
        var sketch = new RecordSketch();
        sketch._commits.AddRange(commits.Select(static version => (version, -1L)));
        return sketch;
    }

    /// <summary>
    /// One more commit, whose writer issued no stamp for the session since another one.
    /// </summary>
    public RecordSketch Commit(SessionVersion version, long after)
    {
        _commits.Add((version, after));
        return this;
    }

    /// <summary>Tombstones of attributes were dropped.</summary>
    public RecordSketch Dropped()
    {
        _hasDropped = true;
        return this;
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
        builder.SetForgotten(_hasDropped, 0);
        foreach (var (version, after) in _commits)
        {
            builder.AddCommit(version, after);
        }

        foreach (var (name, version, flags, value) in _attributes)
        {
            builder.Add(name, version, flags, value);
        }

        return builder.Build();
    }
}
