using ClusterSession.Stores;
using ClusterSession.TestKit.Conformance;
using Xunit;

namespace ClusterSession.Tests.Stores.ThirdParty;

/// <summary>Two nodes over the same three servers.</summary>
internal static class PlainPair
{
    public static Task<StorePair> CreateAsync(ITestOutputHelper output, TimeSpan span = default)
    {
        var seed = Random.Shared.Next();
        output.WriteLine($"The channel drops and reorders by the seed {seed}.");
        var nodes = new List<PlainChannel>();
        CasServer[] servers = [new(TimeProvider.System), new(TimeProvider.System), new(TimeProvider.System)];
        var (a, b) = (Node(seed), Node(seed + 1));
        return Task.FromResult(new StorePair(a, b, async () =>
            {
                await a.DisposeAsync();
                await b.DisposeAsync();
            }));

        PlainStore Node(int own) =>
            new(servers, new PlainChannel(nodes, own), TimeProvider.System, TimeSpan.FromSeconds(30), span);
    }
}
