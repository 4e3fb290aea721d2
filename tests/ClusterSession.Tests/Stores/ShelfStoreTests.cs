using ClusterSession.TestKit.Conformance;
using ClusterSession.Tests.Architecture;

namespace ClusterSession.Tests.Stores;

/// <summary>
/// The example of docs/another-store.md: no announcements, no scripts, three partitions.
/// </summary>
public sealed class ShelfStoreTests : SessionStoreConformance
{
    protected override int Sequences => 20;

    protected override bool Announces => false;

    protected override Task<StorePair> CreatePairAsync()
    {
        var shelves = new Snippets.ShelfStore.Shelves(TimeProvider.System);
        var a = new Snippets.ShelfStore(shelves, TimeProvider.System);
        var b = new Snippets.ShelfStore(shelves, TimeProvider.System);
        return Task.FromResult(new StorePair(a, b, () => ValueTask.CompletedTask));
    }
}
