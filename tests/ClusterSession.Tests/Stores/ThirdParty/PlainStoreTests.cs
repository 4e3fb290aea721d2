using ClusterSession.TestKit.Conformance;
using Xunit;

namespace ClusterSession.Tests.Stores.ThirdParty;

/// <summary>
/// Store_written_against_the_page_alone_passes_the_suite: it knows docs/another-store.md, the suite
/// and no other store.
/// </summary>
public sealed class PlainStoreTests(ITestOutputHelper output) : SessionStoreConformance
{
    protected override int Sequences => 20;

    protected override bool Announces => false;

    protected override Task<StorePair> CreatePairAsync() => PlainPair.CreateAsync(output);
}
