using ClusterSession.TestKit.Conformance;
using Xunit;

namespace ClusterSession.Tests.Stores.ThirdParty;

/// <summary>The channel of the same store, which drops and reorders.</summary>
public sealed class PlainStoreChannelTests(ITestOutputHelper output) : StoreChannelConformance
{
    protected override Task<StorePair> CreatePairAsync() => PlainPair.CreateAsync(output);
}
