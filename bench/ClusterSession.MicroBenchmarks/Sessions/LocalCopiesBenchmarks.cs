using BenchmarkDotNet.Attributes;
using ClusterSession.Lifetime;
using ClusterSession.Local;
using ClusterSession.Records;
using ClusterSession.Stores;

namespace ClusterSession.MicroBenchmarks.Sessions;

/// <summary>
/// The table of local copies, with more and more sessions; one operation each on sessions in random
/// order.
/// </summary>
public class LocalCopiesBenchmarks
{
    private const int Operations = 1 << 16;
    private readonly int[] _order = new int[Operations];
    private SessionKey[] _keys = [];
    private SessionRecord _record = null!;
    private LocalCopies _copies = null!;

    [Params(1_000, 10_000, 100_000, 1_000_000)]
    public int Sessions { get; set; }

    [GlobalSetup]
    public void SetUp()
    {
        var options = new LocalCopyOptions { MaxCount = 10_000_000, MaxBytes = 8L << 30 };
        _copies = new LocalCopies(options, new CoarseClock(TimeProvider.System));
        using var random = System.Security.Cryptography.RandomNumberGenerator.Create();
        _record = new SampleSession().Record;
        _keys = new SessionKey[Sessions];
        for (var i = 0; i < Sessions; i++)
        {
            _keys[i] = SessionKey.Of(SessionId.New(random));
            _copies.Publish(_keys[i], _record, SessionLease.Always, _copies.Mark(_keys[i]), 0);
        }

        var order = new Random(1);
        for (var i = 0; i < Operations; i++)
        {
            _order[i] = order.Next(Sessions);
        }
    }

    [Benchmark(Description = "copies: look up", OperationsPerInvoke = Operations)]
    public int LookUp()
    {
        var fresh = 0;
        foreach (var i in _order)
        {
            fresh += _copies.TryGet(_keys[i], out var copy) && copy.IsFresh ? 1 : 0;
        }

        return fresh;
    }

    [Benchmark(Description = "copies: publish over a copy", OperationsPerInvoke = Operations)]
    public void Publish()
    {
        foreach (var i in _order)
        {
            _copies.Publish(_keys[i], _record, SessionLease.Always, _copies.Mark(_keys[i]), 0);
        }
    }
}
