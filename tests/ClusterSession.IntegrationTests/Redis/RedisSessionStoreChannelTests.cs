using ClusterSession.TestKit.Conformance;

namespace ClusterSession.IntegrationTests.Redis;

public sealed class RedisSessionStoreChannelTests : StoreChannelConformance
{
    protected override Task<StorePair> CreatePairAsync() => RedisPair.CreateAsync();
}
