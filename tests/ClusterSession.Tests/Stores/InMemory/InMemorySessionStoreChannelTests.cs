using ClusterSession.TestKit.Conformance;

namespace ClusterSession.Tests.Stores.InMemory;

public sealed class InMemorySessionStoreChannelTests : StoreChannelConformance
{
    protected override Task<StorePair> CreatePairAsync() => InMemoryPair.CreateAsync();
}
