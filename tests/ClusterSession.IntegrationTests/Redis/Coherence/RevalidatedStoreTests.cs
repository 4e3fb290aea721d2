using ClusterSession.TestKit.Conformance;

namespace ClusterSession.IntegrationTests.Redis.Coherence;

/// <summary>The contract where nothing is tracked.</summary>
public sealed class RevalidatedStoreTests : SessionStoreConformance
{
    protected override bool Announces => false;

    protected override Task<StorePair> CreatePairAsync() => RedisPair.CreateAsync(",coherence=revalidate");
}
