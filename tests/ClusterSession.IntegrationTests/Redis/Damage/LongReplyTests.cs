using System.Globalization;
using System.Text.RegularExpressions;
using ClusterSession.Records;
using ClusterSession.Redis;
using ClusterSession.Stores;
using ClusterSession.TestKit.Conformance;
using ClusterSession.TestKit.Logging;
using ClusterSession.TestKit.Sessions;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

namespace ClusterSession.IntegrationTests.Redis.Damage;

/// <summary>Replies that are longer than a node takes.</summary>
public sealed class LongReplyTests
{
    private static readonly TimeSpan Life = TimeSpan.FromHours(1);

    [Fact]
    public async Task Reply_that_is_too_long_fails_its_own_request_and_the_connection_stays()
    {
        await using var redis = await RedisServer.StartAsync();
        using var logs = new CapturedLogs();
        using var logging = LoggerFactory.Create(builder => builder.AddProvider(logs));
        await using var store = Store(redis, 1 << 20, logging.CreateLogger<RedisSessionStore>());
        await store.StartAsync(new RecordingObserver(), default);
        await using var wide = Store(redis, 64 << 20); // It stores what the other one cannot read.
        await wide.StartAsync(new RecordingObserver(), default);
        var versions = new VersionSource();
        var (small, large) = (SessionKeys.New(), SessionKeys.New());
        await CreateAsync(wide, small, "x", versions);
        await CreateAsync(wide, large, new string('x', 3 << 20), versions);

        for (var i = 0; i < 10; i++)
        {
            var reads = await Task.WhenAll(
                store.ReadAsync(large, SessionVersion.None, default).AsTask(),
                store.ReadAsync(small, SessionVersion.None, default).AsTask(),
                store.ReadAsync(large, SessionVersion.None, default).AsTask()
            );
            Assert.Equal(
                [StoreFailure.TooLarge, StoreFailure.None, StoreFailure.TooLarge],
                reads.Select(static read => read.Failure)
            );
            Assert.Equal(StoreReadOutcome.Found, reads[1].Outcome);
        }

        Assert.Equal((1, 0), (logs.Count("Connected"), logs.Count("Disconnected")));
        var stats = await redis.CommandAsync("INFO", "commandstats");
        Assert.Contains("cmdstat_hgetall:calls=30,", stats, StringComparison.Ordinal); // Asked for once each.
    }

    [Theory]
    [InlineData(100_000)]
    [InlineData(3_000)]
    public async Task Copies_that_no_reply_could_hold_together_stay_where_they_are(int bytes)
    {
        await using var redis = await RedisServer.StartAsync();
        await using var store = Store(redis, 1 << 20);
        await store.StartAsync(new RecordingObserver(), default);
        var versions = new VersionSource();
        var key = SessionKeys.New();
        await CreateAsync(store, key, "x", versions);
        StoreWrite answer;
        var taken = 0;
        for (; ; taken++)
        {
            Assert.InRange(taken, 0, (1 << 20) / bytes);
            var (lost, merge) = (versions.Next(), versions.Next());
            var copy = RecordSketch.At(lost).With("copy" + taken, new byte[bytes], lost).Build();
            answer = await store.MergeAsync(
                key,
                new SessionMerge(copy, merge, MergeMode.Amend, Life, IsPartial: taken % 2 == 0),
                default
            );
            var read = await store.ReadAsync(key, SessionVersion.None, default);
            Assert.Equal(StoreReadOutcome.Found, read.Outcome);
            if (answer.Outcome != WriteOutcome.Committed)
            {
                Assert.Equal(taken + 1, read.Record!.AttributeCount);
                break;
            }
        }

        Assert.Equal((WriteOutcome.Unavailable, StoreFailure.TooLarge), (answer.Outcome, answer.Failure));
        Assert.InRange(taken, 700_000 / bytes, (1 << 20) / bytes);
        var last = versions.Next();
        var whole = RecordSketch.At(last).With("a", new byte[1 << 20], last).Build();
        var restored = await store.MergeAsync(
            SessionKeys.New(),
            new SessionMerge(whole, last, MergeMode.Restore, Life),
            default
        );
        Assert.Equal(StoreFailure.TooLarge, restored.Failure);
    }

    /// <summary>
    /// Redis answers the commands of a connection in their order: those behind the large reply wait
    /// while it is received, and for nothing else. None fails, none is asked for again, and no
    /// connection is given up.
    /// </summary>
    [Fact]
    public async Task Session_of_30_MiB_fails_no_request_of_others_and_is_sent_once()
    {
        const int Others = 200;
        const int Part = 1 << 20;
        await using var redis = await RedisServer.StartAsync();
        using var logs = new CapturedLogs();
        using var logging = LoggerFactory.Create(builder => builder.AddProvider(logs));
        await using var store = Store(redis, 48 << 20, logging.CreateLogger<RedisSessionStore>());
        await store.StartAsync(new RecordingObserver(), default);
        var versions = new VersionSource();
        var large = SessionKeys.New();
        var version = versions.Next();
        var sketch = RecordSketch.At(version);
        for (var i = 0; i < 30; i++)
        {
            sketch.With("part" + i, new byte[Part], version);
        }

        await store.MergeAsync(large, new SessionMerge(sketch.Build(), version, MergeMode.Create, Life), default);
        var small = Enumerable.Range(0, Others).Select(static _ => SessionKeys.New()).ToArray();
        foreach (var key in small)
        {
            await CreateAsync(store, key, "x", versions);
        }

        var before = await redis.CommandAsync("INFO", "commandstats");
        var answered = 0;
        var ahead = small.Select(ReadAsync).ToArray();
        var read = store.ReadAsync(large, SessionVersion.None, default).AsTask();
        var behind = small.Select(ReadAsync).ToArray();
        Assert.All(await Task.WhenAll(ahead), static one => Assert.Equal(StoreReadOutcome.Found, one.Outcome));
        Assert.True(answered >= Others);
        var record = (await read).Record!;
        Assert.Equal(30, record.AttributeCount);
        Assert.All(await Task.WhenAll(behind), static one => Assert.Equal(StoreReadOutcome.Found, one.Outcome));
        Assert.Equal((1, 0), (logs.Count("Connected"), logs.Count("Disconnected")));
        var after = await redis.CommandAsync("INFO", "commandstats");
        Assert.Equal((2 * Others) + 1, Calls(after) - Calls(before));

        async Task<StoreRead> ReadAsync(SessionKey key)
        {
            var found = await store.ReadAsync(key, SessionVersion.None, default);
            Interlocked.Increment(ref answered);
            return found;
        }
    }

    /// <summary>
    /// Redis closes a subscribed connection whose replies exceed what it allows a subscriber: 32
    /// MiB by default, here 1. So the channel has a connection of its own.
    /// </summary>
    [Fact]
    public async Task Node_that_listens_reads_what_exceeds_the_limit_of_a_subscriber()
    {
        await using var redis = await RedisServer.StartAsync();
        await redis.CommandAsync("CONFIG", "SET", "client-output-buffer-limit", "pubsub 1mb 1mb 1");
        using var logs = new CapturedLogs();
        using var logging = LoggerFactory.Create(builder => builder.AddProvider(logs));
        await using var store = Store(redis, 64 << 20, logging.CreateLogger<RedisSessionStore>());
        await store.StartAsync(new RecordingObserver(), default);
        var listener = new Listener();
        await store.Channel.ListenAsync(listener, default);
        await Condition.HoldsAsync(() => listener.Connections > 0, "the node listens");
        var versions = new VersionSource();
        var large = SessionKeys.New();
        await CreateAsync(store, large, new string('x', 8 << 20), versions);

        var reads = await Task.WhenAll(
            Enumerable.Range(0, 8).Select(_ => store.ReadAsync(large, SessionVersion.None, default).AsTask())
        );
        Assert.All(reads, static read => Assert.Equal(StoreReadOutcome.Found, read.Outcome));
        Assert.Equal((1, 1), (logs.Count("Connected"), listener.Connections));
        Assert.Equal(StoreFailure.None, await store.Channel.PublishAsync(new byte[8], default));
    }

    private static int Calls(string stats) =>
        Regex.Match(stats, "cmdstat_hgetall:calls=([0-9]+)") is { Success: true } calls
            ? int.Parse(calls.Groups[1].ValueSpan, CultureInfo.InvariantCulture)
            : 0;

    private static RedisSessionStore Store(RedisServer redis, int maxBytes, ILogger<RedisSessionStore>? logger = null)
    {
        var options = RedisOptions.Parse(redis.ConnectionString + ",asyncTimeout=30000,heartbeatTimeout=30000");
        options.MaxReplyBytes = maxBytes;
        return new RedisSessionStore(
            options,
            "cs",
            TimeSpan.FromSeconds(30),
            TimeProvider.System,
            new Random(7),
            logger ?? NullLogger<RedisSessionStore>.Instance
        );
    }

    private static async Task CreateAsync(RedisSessionStore store, SessionKey key, string value, VersionSource versions)
    {
        var version = versions.Next();
        var record = RecordSketch.At(version).With("a", value, version).Build();
        var created = await store.MergeAsync(key, new SessionMerge(record, version, MergeMode.Create, Life), default);
        Assert.Equal(WriteOutcome.Committed, created.Outcome);
    }

    private sealed class Listener : IStoreChannelListener
    {
        private int _connections;

        public int Connections => Volatile.Read(ref _connections);

        public void OnConnected() => Interlocked.Increment(ref _connections);

        public void OnFrame(ReadOnlySpan<byte> frame) { }
    }
}
