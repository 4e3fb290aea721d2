using BenchmarkDotNet.Attributes;
using ClusterSession.Records;

namespace ClusterSession.MicroBenchmarks.Sessions;

/// <summary>Reading from, committing to and merging records.</summary>
public class RecordBenchmarks
{
    private readonly SampleSession _small = new();
    private readonly SampleSession _large = new(bytes: 8 + 100 * 1024, attributes: 2);
    private readonly SessionDelta _delta = new();
    private SessionVersion _version;
    private SessionRecord _other = null!;

    [GlobalSetup]
    public void SetUp()
    {
        _version = SampleSession.NextVersion();
        _delta.Set("a0", [1, 2, 3, 4, 5, 6, 7, 8]);
        _other = _delta.ApplyTo(_small.Record, _version);
    }

    [Benchmark(Description = "record: read the first attribute")]
    public int ReadFirst() => _small.Record.TryFind("a0", out var attribute) ? attribute.Payload.Length : 0;

    [Benchmark(Description = "record: read the tenth attribute")]
    public int ReadTenth() => _small.Record.TryFind("a9", out var attribute) ? attribute.Payload.Length : 0;

    [Benchmark(Description = "record: contains the client's commit")]
    public bool ContainsNewest() => _small.Record.Contains(_small.Record.Version);

    [Benchmark(Description = "commit: apply a delta to 500 bytes")]
    public object ApplySmall() => _delta.ApplyTo(_small.Record, _version);

    [Benchmark(Description = "commit: apply a delta beside 100 KB")]
    public object ApplyLarge() => _delta.ApplyTo(_large.Record, _version);

    [Benchmark(Description = "merge: two copies of 500 bytes")]
    public object Merge() => SessionRecord.Merge(_small.Record, _other);
}
