using System.Collections.Concurrent;
using ClusterSession.Redis;
using ClusterSession.TestKit.Conformance;
using ClusterSession.TestKit.Servers;
using Microsoft.Extensions.Logging;
using Xunit;

namespace ClusterSession.IntegrationTests.Redis.Topology;

public sealed class ServerSettingsTests
{
    [Fact]
    public async Task Each_dangerous_setting_is_warned_of_once()
    {
        await using var master = await RedisServer.StartAsync(
            new RedisServerOptions { Config = ["maxmemory 100mb", "maxmemory-policy allkeys-lru"] }
        );
        await using var replica = await RedisServer.StartAsync(new RedisServerOptions { ReplicaOf = master.Port });
        await Condition.HoldsAsync(
            async () => await master.InfoAsync("replication", "connected_slaves") == "1",
            "the replica is attached"
        );
        var log = new EventLog();
        await using var store = await StartAsync(master, log);
        await Condition.HoldsAsync(() => log.Has(5008), "all is checked");
        await master.CommandAsync("CLIENT", "KILL", "TYPE", "normal");
        await Condition.HoldsAsync(() => log.Count(5001) == 2, "connected again");
        Assert.Equal([5006, 5007, 5008], log.Warnings.Where(id => id is >= 5006 and <= 5009));
    }

    [Fact]
    public async Task Sane_settings_are_not_warned_of()
    {
        await using var master = await RedisServer.StartAsync(
            new RedisServerOptions
            {
                AppendOnly = true,
                Config = ["maxmemory 100mb", "min-replicas-to-write 1", "min-replicas-max-lag 10"],
            }
        );
        await using var replica = await RedisServer.StartAsync(new RedisServerOptions { ReplicaOf = master.Port });
        await Condition.HoldsAsync(
            async () => await master.InfoAsync("replication", "min_slaves_good_slaves") == "1",
            "the replica is good"
        );
        var log = new EventLog();
        await using var store = await StartAsync(master, log);
        await Condition.HoldsAsync(
            async () =>
                (await master.CommandAsync("INFO", "commandstats")).Contains(
                    "cmdstat_config|get:calls=1,",
                    StringComparison.Ordinal
                ),
            "the settings are asked"
        );
        // The answer comes in order with those of the store.
        Assert.True((await store.ReadDocumentAsync("none", default, default)).IsAnswered);
        Assert.DoesNotContain(log.Warnings, id => id is >= 5006 and <= 5009);
    }

    [Theory]
    [InlineData("yes", 1)]
    [InlineData("no", 0)]
    public async Task Cluster_whose_shards_refuse_while_another_is_down_is_warned_of(string fullCoverage, int warnings)
    {
        await using var cluster = await RedisClusterFixture.StartAsync(
            masters: 1,
            replicasEach: 0,
            config: $"cluster-require-full-coverage {fullCoverage}"
        );
        var server = cluster.Servers[0];
        var log = new EventLog();
        await using var store = await StartAsync(cluster.ConnectionString, log);
        await Condition.HoldsAsync(
            async () =>
                (await server.CommandAsync("INFO", "commandstats")).Contains(
                    "cmdstat_config|get:calls=2,",
                    StringComparison.Ordinal
                ),
            "the settings are asked"
        );
        await Condition.HoldsAsync(() => log.Has(5007), "all is checked"); // The last of what is said of this server.
        Assert.Equal(warnings, log.Count(5015));
    }

    private static Task<RedisSessionStore> StartAsync(RedisServer server, EventLog log) =>
        StartAsync(server.ConnectionString, log);

    private static async Task<RedisSessionStore> StartAsync(string connectionString, EventLog log)
    {
        var store = new RedisSessionStore(
            RedisOptions.Parse(connectionString),
            "cs",
            TimeSpan.FromSeconds(1),
            TimeProvider.System,
            new Random(7),
            log
        );
        await store.StartAsync(new RecordingObserver(), default);
        return store;
    }

    private sealed class EventLog : ILogger<RedisSessionStore>
    {
        private readonly ConcurrentQueue<(int Id, LogLevel Level)> _events = new();

        public IEnumerable<int> Warnings => _events.Where(e => e.Level == LogLevel.Warning).Select(e => e.Id);

        public bool Has(int id) => Count(id) > 0;

        public int Count(int id) => _events.Count(e => e.Id == id);

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(
            LogLevel logLevel,
            EventId eventId,
            TState state,
            Exception? exception,
            Func<TState, Exception?, string> formatter
        ) => _events.Enqueue((eventId.Id, logLevel));
    }
}
