using ClusterSession.Stores.InMemory;
using ClusterSession.TestKit.Conformance;
using ClusterSession.TestKit.Stores;

namespace ClusterSession.Tests.Stores;

public sealed class PartitionedStoreTests : SessionStoreConformance
{
    protected override int Sequences => 20;

    protected override Task<StorePair> CreatePairAsync()
    {
        var parts = Enumerable.Range(0, 3).Select(static _ => new InMemorySessions(TimeProvider.System)).ToArray();
        return Task.FromResult(new StorePair(Over(parts), Over(parts), () => ValueTask.CompletedTask));
    }

    private static PartitionedStore Over(InMemorySessions[] parts) =>
        new([.. parts.Select(static part => new InMemorySessionStore(part))]);
}
