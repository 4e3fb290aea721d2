using System.Diagnostics;
using System.Globalization;
using ClusterSession.Records;
using ClusterSession.Redis;
using ClusterSession.Stores;
using ClusterSession.TestKit.Sessions;
using Xunit;

namespace ClusterSession.IntegrationTests.Redis;

/// <summary>
/// What a commit allocates between the session and the socket, with as many callers at once as a
/// busy node has: pools of state machines hold two, so whatever asynchronous layer there is shows
/// here. The allocations of the whole process are counted: no other test may run meanwhile, and
/// what earlier ones have left running is measured before, and taken off.
/// </summary>
[CollectionDefinition(nameof(CommitAllocationTests), DisableParallelization = true)]
[Collection(nameof(CommitAllocationTests))]
public sealed class CommitAllocationTests : IAsyncLifetime
{
    private const int Callers = 64;
    private const int CommitsEach = 200;

    /// <summary>Alone it is 355; an asynchronous layer more would be far above.</summary>
    private const double MaxBytes = 1000;
    private static readonly TimeSpan Long = TimeSpan.FromHours(1);

    private RedisServer _redis = null!;
    private RedisSessionStore _store = null!;

    public async ValueTask InitializeAsync()
    {
        _redis = await RedisServer.StartAsync();
        _store = RedisNode.Store(_redis.ConnectionString);
        await _store.StartAsync(new Silent(), default);
    }

    public async ValueTask DisposeAsync()
    {
        await _store.DisposeAsync();
        await _redis.DisposeAsync();
    }

    [Fact]
    public async Task Commit_of_one_attribute_allocates_less_than_1000_bytes_with_64_callers_at_once()
    {
        var stamp = 1_000_000L;
        var keys = Enumerable.Range(0, Callers).Select(_ => SessionKeys.New()).ToArray();
        var first = new SessionVersion(1, 1);
        var record = RecordSketch.At(first).With("a", new byte[8], first).Build();
        foreach (var key in keys)
        {
            await _store.MergeAsync(key, new SessionMerge(record, first, MergeMode.Create, Long), default);
        }

        var delta = new SessionDelta();
        delta.Set("a", new byte[8]);
        await CommitAllAsync();

        var perCommit = double.MaxValue;
        for (var round = 0; round < 5 && perCommit >= MaxBytes; round++)
        {
            var others = await AllocatedAsync(() => Task.Delay(TimeSpan.FromSeconds(1)));
            var commits = await AllocatedAsync(CommitAllAsync);
            var own = commits.Bytes - (others.Bytes * (commits.Took / others.Took));
            perCommit = Math.Min(perCommit, own / (Callers * CommitsEach));
        }

        Assert.True(perCommit < MaxBytes, string.Create(CultureInfo.InvariantCulture, $"{perCommit:0} bytes a commit"));

        Task CommitAllAsync() =>
            Task.WhenAll(
                keys.Select(key =>
                    Task.Run(async () =>
                    {
                        var version = first;
                        for (var i = 0; i < CommitsEach; i++)
                        {
                            var next = new SessionVersion(Interlocked.Increment(ref stamp), 1);
                            var answer = await _store.CommitAsync(
                                key,
                                new SessionChange(version, next, delta, [], Long, Long / 2),
                                default
                            );
                            // Assert.Equal would allocate more than the commit.
                            if (answer.Outcome != WriteOutcome.Committed)
                            {
                                throw new InvalidOperationException($"A commit was answered with {answer.Outcome}.");
                            }

                            version = next;
                        }
                    })
                )
            );
    }

    private static async Task<(double Bytes, TimeSpan Took)> AllocatedAsync(Func<Task> work)
    {
        var (bytes, begun) = (GC.GetTotalAllocatedBytes(precise: true), Stopwatch.GetTimestamp());
        await work();
        return (GC.GetTotalAllocatedBytes(precise: true) - bytes, Stopwatch.GetElapsedTime(begun));
    }

    private sealed class Silent : IStoreObserver
    {
        public void OnChanged(SessionKey key) { }
    }
}
