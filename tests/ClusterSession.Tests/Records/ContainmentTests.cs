using System.Globalization;
using System.Text;
using ClusterSession.Records;
using ClusterSession.Stores;
using ClusterSession.TestKit.Conformance;
using Xunit;

namespace ClusterSession.Tests.Records;

/// <summary>
/// Random histories of one session on up to 64 nodes, with commits that never arrive, failovers to
/// old snapshots and copies that are evicted: no record says that it contains a commit which it has
/// not absorbed, and no value comes back that was removed. 100,000 histories with
/// CLUSTERSESSION_LONG=1.
/// </summary>
public sealed class ContainmentTests(ITestOutputHelper output)
{
    [Theory]
    [InlineData(3, 60, 3000, 60_000)]
    [InlineData(10, 120, 1000, 35_000)]
    [InlineData(64, 600, 60, 5_000)]
    public async Task No_history_says_contained_of_what_is_not(int nodes, int steps, int normally, int atLength)
    {
        var isLong = Environment.GetEnvironmentVariable("CLUSTERSESSION_LONG") == "1";
        var first = Environment.GetEnvironmentVariable("CLUSTERSESSION_SEED") is { } text
            ? int.Parse(text, CultureInfo.InvariantCulture)
            : Random.Shared.Next(1_000_000);
        var total = default(DrawnSession.Counts);
        for (var seed = first; seed < first + (isLong ? atLength : normally); seed++)
        {
            var drawn = new DrawnSession(new Random(seed), nodes, new PureStore(), mayDrop: seed % 2 == 0);
            await drawn.RunAsync(steps);
            Assert.True(drawn.Failure is null, $"With CLUSTERSESSION_SEED={seed}: {drawn.Failure}\n{drawn.Story}");
            total += drawn.Result;
        }

        output.WriteLine($"seed {first}: {total}");
        Assert.InRange(total.Checked, 1, int.MaxValue);
        Assert.InRange(total.Missed, 0, total.Checked / 5); // Else nothing is ever said to be contained.
    }

    /// <summary>One of 300,000: the tombstone that kept a value away went with a merge.</summary>
    [Fact]
    public async Task History_that_failed_once_passes()
    {
        var drawn = new DrawnSession(new Random(673722), nodes: 10, new PureStore(), mayDrop: true);
        await drawn.RunAsync(steps: 120);
        Assert.True(drawn.Failure is null, $"{drawn.Failure}\n{drawn.Story}");
    }

    /// <summary>The state machine, as a store without a server.</summary>
    private sealed class PureStore : DrawnSession.IStore
    {
        private StoredSession? _stored;
        private StoredSession? _snapshot;

        public ValueTask<StoreWrite> CommitAsync(SessionChange change) =>
            new(Take(StoredSession.Commit(_stored, change)));

        public ValueTask<StoreWrite> MergeAsync(SessionMerge copy) => new(Take(StoredSession.Merge(_stored, copy)));

        public ValueTask<SessionRecord?> ReadAsync() => new(_stored?.Record);

        public ValueTask SnapshotAsync()
        {
            _snapshot = _stored;
            return default;
        }

        public ValueTask FailOverAsync()
        {
            _stored = _snapshot;
            return default;
        }

        private StoreWrite Take((StoredSession? Next, StoredAnswer Answer) step)
        {
            _stored = step.Next ?? _stored;
            return StoreWrite.Answered(step.Answer, SessionLease.Always);
        }
    }
}
