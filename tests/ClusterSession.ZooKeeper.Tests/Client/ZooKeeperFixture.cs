using Xunit;

namespace ClusterSession.ZooKeeper.Tests.Client;

/// <summary>One server for all tests of a class; each works below a path of its own.</summary>
public sealed class ZooKeeperFixture : IAsyncLifetime
{
    public ZooKeeperServer Server { get; private set; } = null!;

    public async ValueTask InitializeAsync() => Server = await ZooKeeperServer.StartAsync();

    public ValueTask DisposeAsync() => Server.DisposeAsync();
}
