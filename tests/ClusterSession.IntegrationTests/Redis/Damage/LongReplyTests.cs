using ClusterSession.Records;
using ClusterSession.Redis;
using ClusterSession.Stores;
using ClusterSession.TestKit.Conformance;
using ClusterSession.TestKit.Logging;
using ClusterSession.TestKit.Sessions;
using Microsoft.Extensions.Logging;
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
        var options = RedisOptions.Parse(redis.ConnectionString + ",asyncTimeout=30000,heartbeatTimeout=30000");
        options.MaxReplyBytes = 1 << 20;
        await using var store = new RedisSessionStore(
            options,
            "cs",
            TimeSpan.FromSeconds(30),
            TimeProvider.System,
            new Random(7),
            logging.CreateLogger<RedisSessionStore>()
        );
        await store.StartAsync(new RecordingObserver(), default);
        var versions = new VersionSource();
        var (small, large) = (SessionKeys.New(), SessionKeys.New());
        await CreateAsync(store, small, "x", versions);
        await CreateAsync(store, large, new string('x', 3 << 20), versions);

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

    private static async Task CreateAsync(RedisSessionStore store, SessionKey key, string value, VersionSource versions)
    {
        var version = versions.Next();
        var record = RecordSketch.At(version).With("a", value, version).Build();
        var created = await store.MergeAsync(key, new SessionMerge(record, version, MergeMode.Create, Life), default);
        Assert.Equal(WriteOutcome.Committed, created.Outcome);
    }
}
