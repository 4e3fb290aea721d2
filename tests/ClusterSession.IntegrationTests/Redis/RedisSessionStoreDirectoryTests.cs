using ClusterSession.TestKit.Conformance;

namespace ClusterSession.IntegrationTests.Redis;

public sealed class RedisSessionStoreDirectoryTests : SessionDirectoryConformance
{
    protected override Task<StorePair> CreatePairAsync() => RedisPair.CreateAsync();
}
