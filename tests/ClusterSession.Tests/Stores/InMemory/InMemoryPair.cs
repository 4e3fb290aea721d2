using ClusterSession.Stores.InMemory;
using ClusterSession.TestKit.Conformance;

namespace ClusterSession.Tests.Stores.InMemory;

internal static class InMemoryPair
{
    public static Task<StorePair> CreateAsync()
    {
        var sessions = new InMemorySessions(TimeProvider.System);
        var (a, b) = (new InMemorySessionStore(sessions), new InMemorySessionStore(sessions));
        return Task.FromResult(new StorePair(a, b, async () =>
            {
                await a.DisposeAsync();
                await b.DisposeAsync();
            }));
    }
}
