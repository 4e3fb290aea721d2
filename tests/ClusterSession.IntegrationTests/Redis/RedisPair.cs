using ClusterSession.TestKit.Conformance;

namespace ClusterSession.IntegrationTests.Redis;

/// <summary>Two nodes' stores over a Redis of their own.</summary>
internal static class RedisPair
{
    public static async Task<StorePair> CreateAsync(string settings = "")
    {
        var redis = await RedisServer.StartAsync();
        var (a, b) = (
            RedisNode.Store(redis.ConnectionString + settings),
            RedisNode.Store(redis.ConnectionString + settings)
        );
        return new StorePair(a, b, async () =>
        {
            await a.DisposeAsync();
            await b.DisposeAsync();
            await redis.DisposeAsync();
        });
    }
}
