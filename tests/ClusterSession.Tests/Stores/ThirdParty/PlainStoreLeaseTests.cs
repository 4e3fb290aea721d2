using ClusterSession.TestKit.Conformance;
using Xunit;

namespace ClusterSession.Tests.Stores.ThirdParty;

/// <summary>The same store, where a copy may be old for an hour.</summary>
public sealed class PlainStoreLeaseTests(ITestOutputHelper output) : SessionStoreConformance
{
    protected override bool Announces => false;

    protected override Task<StorePair> CreatePairAsync() => PlainPair.CreateAsync(output, TimeSpan.FromHours(1));
}
