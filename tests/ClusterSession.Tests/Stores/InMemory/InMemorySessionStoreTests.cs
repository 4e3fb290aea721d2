using ClusterSession.TestKit.Conformance;

namespace ClusterSession.Tests.Stores.InMemory;

public sealed class InMemorySessionStoreTests : SessionStoreConformance
{
    protected override int Sequences => 20;

    protected override Task<StorePair> CreatePairAsync() => InMemoryPair.CreateAsync();
}
