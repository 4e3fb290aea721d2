using ClusterSession.TestKit.Conformance;
using ClusterSession.TestKit.Servers;

namespace ClusterSession.IntegrationTests.Redis;

public sealed class RedisSessionStoreTests : SessionStoreConformance
{
    protected override async Task<StorePair> CreatePairAsync()
    {
        var redis = await RedisServer.StartAsync();
        var (a, b) = (RedisNode.Store(redis.ConnectionString), RedisNode.Store(redis.ConnectionString));
        return new StorePair(a, b, async () =>
        {
            await a.DisposeAsync();
            await b.DisposeAsync();
            await redis.DisposeAsync();
        });
    }
}
