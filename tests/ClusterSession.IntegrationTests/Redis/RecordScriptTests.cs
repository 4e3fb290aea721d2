using System.Globalization;
using ClusterSession.Records;
using ClusterSession.Stores;
using ClusterSession.TestKit.Conformance;
using ClusterSession.TestKit.Sessions;
using Xunit;

namespace ClusterSession.IntegrationTests.Redis;

/// <summary>The scripts beside the state machine that they are.</summary>
public sealed class RecordScriptTests(ITestOutputHelper output) : IAsyncLifetime
{
    private static readonly TimeSpan Life = TimeSpan.FromHours(1);
    private RedisServer _redis = null!;

    public async ValueTask InitializeAsync() => _redis = await RedisServer.StartAsync();

    public async ValueTask DisposeAsync() => await _redis.DisposeAsync();

    /// <summary>
    /// Each step is done by both, and what is answered and stored is compared. With
    /// CLUSTERSESSION_HISTORIES that many histories of each kind are drawn.
    /// </summary>
    [Theory]
    [InlineData(3, 60, 20, 4000)]
    [InlineData(10, 120, 10, 800)]
    [InlineData(64, 400, 2, 100)]
    public async Task Drawn_histories_give_what_the_state_machine_gives_and_none_says_contained_of_what_is_not(
        int nodes,
        int steps,
        int normally,
        int atLength
    )
    {
        var isLong = Environment.GetEnvironmentVariable("CLUSTERSESSION_LONG") == "1";
        var count =
            int.TryParse(Environment.GetEnvironmentVariable("CLUSTERSESSION_HISTORIES"), out var histories) ? histories
            : isLong ? atLength
            : normally;
        var first = Environment.GetEnvironmentVariable("CLUSTERSESSION_SEED") is { } text
            ? int.Parse(text, CultureInfo.InvariantCulture)
            : Random.Shared.Next(1_000_000);
        await using var store = RedisNode.Store(_redis.ConnectionString);
        await store.StartAsync(new RecordingObserver(), default);
        var total = default(DrawnSession.Counts);
        var totals = new Lock();
        // Sessions know nothing of each other: many at once wait less for the same Redis.
        await Parallel.ForEachAsync(
            Enumerable.Range(first, count),
            new ParallelOptions { MaxDegreeOfParallelism = 16 },
            async (seed, _) =>
            {
                var result = await RunAsync(seed, nodes, steps, store);
                lock (totals)
                {
                    total += result;
                }
            }
        );
        output.WriteLine($"{count} histories of {nodes} nodes and {steps} steps, seed {first}: {total}");
        Assert.InRange(total.Checked, 1, int.MaxValue);
    }

    [Fact]
    public async Task Record_of_the_release_before_is_read_changed_merged_and_ended()
    {
        await using var store = RedisNode.Store(_redis.ConnectionString);
        await store.StartAsync(new RecordingObserver(), default);
        SessionVersion newest = new(0x30, 10),
            before = new(0x25, 11),
            next = new(0x40, 10),
            merge = new(0x50, 12);
        foreach (var step in Enumerable.Range(0, 3))
        {
            var key = SessionKeys.New();
            await StoreFormerAsync(key);
            var record = (await store.ReadAsync(key, SessionVersion.None, default)).Record!;
            Assert.Equal(
                (newest, true, false),
                (record.Version, record.Contains(before), record.Contains(new(0x24, 11)))
            );
            var delta = new SessionDelta();
            delta.Set("b", [2]);
            var change = new SessionChange(
                newest,
                next,
                delta,
                [],
                Life,
                Life,
                PreviousStamp: newest.Stamp,
                Opened: record
            );
            var copy = new SessionMerge(
                RecordSketch.At(new SessionVersion(0x35, 12)).With("c", "3", new(0x35, 12)).Build(),
                merge,
                MergeMode.Restore,
                Life
            );
            var answer = step switch
            {
                0 => await store.CommitAsync(key, change, default),
                1 => await store.MergeAsync(key, copy, default),
                _ => await store.DestroyAsync(key, new SessionEnd(new(0x60, 12), MustBe: newest), Life, default),
            };
            Assert.Equal((WriteOutcome.Committed, newest), (answer.Outcome, answer.Previous));
            var after = await store.ReadAsync(key, SessionVersion.None, default);
            var stored = StoredSession.Of(record);
            var expected = step switch
            {
                0 => StoredSession.Commit(stored, change).Next,
                1 => StoredSession.Merge(stored, copy).Next,
                _ => null,
            };
            Assert.Equal(expected is null ? StoreReadOutcome.Destroyed : StoreReadOutcome.Found, after.Outcome);
            Assert.Equal(
                expected is null ? "" : RecordText.Of(expected.Record),
                after.Record is null ? "" : RecordText.Of(after.Record)
            );
        }
    }

    [Fact]
    public async Task Record_of_a_later_release_is_not_changed()
    {
        await using var store = RedisNode.Store(_redis.ConnectionString);
        await store.StartAsync(new RecordingObserver(), default);
        var key = SessionKeys.New();
        await StoreFormerAsync(key, format: 3);
        var change = new SessionChange(new(0x30, 10), new(0x40, 10), new SessionDelta(), [], Life, Life);
        var answer = await store.CommitAsync(key, change, default);
        Assert.Equal(WriteOutcome.Unavailable, answer.Outcome);
        Assert.Equal(
            "3",
            await _redis.CommandAsync(
                "EVAL",
                "return tostring(redis.call('HGET', KEYS[1], 'm'):byte())",
                "1",
                KeyOf(key)
            )
        );
    }

    private static string KeyOf(SessionKey key) => $"cs:1:{{{key}}}";

    /// <summary>Versions (0x30, 10) and (0x25, 11), and an attribute.</summary>
    private async Task StoreFormerAsync(SessionKey key, int format = 1) =>
        await _redis.CommandAsync(
            "EVAL",
            $"local function v(s, w) return struct.pack('>I7I6', s, w) end redis.call('HSET', KEYS[1], 'm', '\\{format}\\0' .. struct.pack('>I8', 1000) "
                + ".. '\\2' .. v(48, 10) .. v(37, 11), 'aa', v(48, 10) .. '\\0one') return redis.call('PEXPIRE', KEYS[1], 3600000)",
            "1",
            KeyOf(key)
        );

    private async Task<DrawnSession.Counts> RunAsync(int seed, int nodes, int steps, IClusterSessionStore store)
    {
        var twin = new Twin(store, _redis);
        var drawn = new DrawnSession(new Random(seed), nodes, twin, mayDrop: seed % 2 == 0);
        try
        {
            await drawn.RunAsync(steps);
            await twin.DeleteAsync();
        }
        catch (Exception failure)
        {
            throw new InvalidOperationException(
                $"With CLUSTERSESSION_SEED={seed}: {failure.Message}\n{drawn.Story}",
                failure
            );
        }

        Assert.True(drawn.Failure is null, $"With CLUSTERSESSION_SEED={seed}: {drawn.Failure}\n{drawn.Story}");
        return drawn.Result;
    }

    /// <summary>A session in Redis, and the same one as the pure functions make it.</summary>
    private sealed class Twin(IClusterSessionStore store, RedisServer redis) : DrawnSession.IStore
    {
        private readonly SessionKey _key = SessionKeys.New();
        private readonly SessionKey _snapshotKey = SessionKeys.New();
        private StoredSession? _stored;
        private StoredSession? _snapshot;

        public async ValueTask<StoreWrite> CommitAsync(SessionChange change) =>
            await CompareAsync(StoredSession.Commit(_stored, change), await store.CommitAsync(_key, change, default));

        public async ValueTask<StoreWrite> MergeAsync(SessionMerge copy) =>
            await CompareAsync(StoredSession.Merge(_stored, copy), await store.MergeAsync(_key, copy, default));

        public async ValueTask<SessionRecord?> ReadAsync() =>
            (await store.ReadAsync(_key, SessionVersion.None, default)).Record;

        public async ValueTask SnapshotAsync()
        {
            _snapshot = _stored;
            await redis.CommandAsync("COPY", KeyOf(_key), KeyOf(_snapshotKey), "REPLACE");
        }

        public async ValueTask FailOverAsync()
        {
            _stored = _snapshot;
            await redis.CommandAsync("COPY", KeyOf(_snapshotKey), KeyOf(_key), "REPLACE");
        }

        public async Task DeleteAsync() => await redis.CommandAsync("UNLINK", KeyOf(_key), KeyOf(_snapshotKey));

        private async ValueTask<StoreWrite> CompareAsync(
            (StoredSession? Next, StoredAnswer Answer) expected,
            StoreWrite answer
        )
        {
            Assert.Equal(
                (
                    expected.Answer.Outcome,
                    expected.Answer.Previous,
                    expected.Answer.IsBaseMissing,
                    expected.Next is not null
                ),
                (answer.Outcome, answer.Previous, answer.IsBaseMissing, answer.HasChanged)
            );
            _stored = expected.Next ?? _stored;
            var record = (await ReadAsync())!;
            Assert.Equal(RecordText.Of(_stored!.Record), RecordText.Of(record));
            Assert.Equal(_stored.Record.Previous, record.Previous);
            return answer;
        }
    }
}
