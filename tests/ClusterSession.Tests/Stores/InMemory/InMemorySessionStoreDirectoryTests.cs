using ClusterSession.Stores.InMemory;
using ClusterSession.TestKit.Conformance;

namespace ClusterSession.Tests.Stores.InMemory;

public sealed class InMemorySessionStoreDirectoryTests : SessionDirectoryConformance
{
    protected override Task<StorePair> CreatePairAsync() => InMemoryPair.CreateAsync();
}
