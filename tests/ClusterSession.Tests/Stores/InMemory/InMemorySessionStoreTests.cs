using ClusterSession.Stores.InMemory;
using ClusterSession.TestKit.Conformance;

namespace ClusterSession.Tests.Stores.InMemory;

public sealed class InMemorySessionStoreTests : SessionStoreConformance
{
    protected override int Sequences => 20;

    protected override Task<StorePair> CreatePairAsync()
    {
        var sessions = new InMemorySessions(TimeProvider.System);
        return Task.FromResult(new StorePair(
            new InMemorySessionStore(sessions), new InMemorySessionStore(sessions), () => ValueTask.CompletedTask));
    }
}
