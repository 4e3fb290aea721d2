using ClusterSession.Records;
using ClusterSession.Stores;
using ClusterSession.TestKit.Conformance;
using ClusterSession.TestKit.Sessions;
using Xunit;

namespace ClusterSession.IntegrationTests.Redis;

public sealed class RedisSessionStoreInspectionTests
{
    [Fact]
    public async Task Server_is_shown_with_its_role_and_after_its_death_with_what_went_wrong()
    {
        await using var redis = await RedisServer.StartAsync();
        await using var store = RedisNode.Store(redis.ConnectionString);
        Assert.Empty(store.Inspection.Snapshot());
        await store.StartAsync(new RecordingObserver(), default);
        Assert.Equal(
            StoreReadOutcome.Missing,
            (await store.ReadAsync(SessionKeys.New(), SessionVersion.None, default)).Outcome
        );
        await Condition.HoldsAsync(() => store.Inspection.Snapshot() is [{ IsConnected: true }], "the server is shown");
        var server = Assert.Single(store.Inspection.Snapshot());
        Assert.Equal((0, StoreServerRole.Primary, null), (server.Partition, server.Role, server.LastFailure));
        Assert.Equal((TimeSpan.Zero, 0), (server.Lag, server.Epoch));
        Assert.EndsWith($":{redis.Port}", server.Endpoint, StringComparison.Ordinal);

        await redis.Kill9Async();

        await Condition.HoldsAsync(
            () =>
                store.Inspection.Snapshot() is [{ IsConnected: false, LastFailure: not null, LastFailureAt: not null }],
            "its loss is shown"
        );
        Assert.Null(Assert.Single(store.Inspection.Snapshot()).Lag);
    }

    [Fact]
    public async Task Sessions_that_are_listed_are_not_tracked_for_that()
    {
        await using var redis = await RedisServer.StartAsync();
        await using var writer = RedisNode.Store(redis.ConnectionString);
        await using var reader = RedisNode.Store(redis.ConnectionString);
        var told = new RecordingObserver();
        await writer.StartAsync(new RecordingObserver(), default);
        await reader.StartAsync(told, default);
        var versions = new VersionSource();
        var (listed, read) = (await CreateAsync(), await CreateAsync());

        Assert.Equal(2, (await reader.Directory.ListAsync(null, 1000, default)).Sessions.Count);
        await reader.ReadAsync(read, SessionVersion.None, default);
        await writer.TouchAsync(listed, TimeSpan.FromHours(2), TimeSpan.FromHours(2), default);
        await writer.TouchAsync(read, TimeSpan.FromHours(2), TimeSpan.FromHours(2), default);

        await Condition.HoldsAsync(() => told.WasTold(read), "the session that was read is tracked");
        Assert.False(told.WasTold(listed));

        async Task<SessionKey> CreateAsync()
        {
            var (key, version) = (SessionKeys.New(), versions.Next());
            var record = RecordSketch.At(version).With("a", "1", version).Build();
            await writer.MergeAsync(
                key,
                new SessionMerge(record, version, MergeMode.Create, TimeSpan.FromHours(1)),
                default
            );
            return key;
        }
    }
}
