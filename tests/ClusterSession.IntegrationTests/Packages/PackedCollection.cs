using Xunit;

namespace ClusterSession.IntegrationTests.Packages;

/// <summary>Tests that use the packages; packed once for all of them.</summary>
[CollectionDefinition(Name)]
public sealed class PackedCollection : ICollectionFixture<PackedFeed>
{
    /// <summary>The name of the collection.</summary>
    public const string Name = "packages";
}
