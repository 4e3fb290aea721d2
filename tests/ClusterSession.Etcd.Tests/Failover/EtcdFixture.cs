using Xunit;

namespace ClusterSession.Etcd.Tests.Failover;

/// <summary>One server for all tests of a class; each works below a path of its own.</summary>
public sealed class EtcdFixture : IAsyncLifetime
{
    public EtcdServer Server { get; private set; } = null!;

    public async ValueTask InitializeAsync() => Server = await EtcdServer.StartAsync();

    public ValueTask DisposeAsync() => Server.DisposeAsync();
}
