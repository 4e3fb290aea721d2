using ClusterSession.Transport.Links;
using ClusterSession.Transport.Options;
using ClusterSession.Transport.Sockets;
using ClusterSession.ZooKeeper.Connection;
using ClusterSession.ZooKeeper.Options;

namespace ClusterSession.ZooKeeper.Client;

/// <summary>
/// The servers in turn, in an order that differs from client to client, until the session is over.
/// </summary>
internal sealed class ServerSelector(IEnumerable<ServerAddress> servers, ZooKeeperSession session)
    : IEndpointSelector<ZooKeeperConnection>
{
    private readonly StaticEndpointSelector<ZooKeeperConnection> _servers = new(servers);

    public ServerAddress Place => _servers.Place;

    /// <summary>The servers of the options, shuffled.</summary>
    public static ServerAddress[] Shuffled(ZooKeeperOptions options, Random random)
    {
        ServerAddress[] servers = [.. options.Servers.Select(ServerNames.Parse)];
        random.Shuffle(servers);
        return servers;
    }

    public async ValueTask<LinkTarget> NextAsync(CancellationToken cancellationToken)
    {
        if (session.IsExpired)
        {
            // A greeting with the id of that session would be refused, and one without would begin
            // another session behind the application's back.
            await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, cancellationToken).ConfigureAwait(false);
        }

        return await _servers.NextAsync(cancellationToken).ConfigureAwait(false);
    }

    public ValueTask AdmitAsync(
        ZooKeeperConnection connection,
        LinkTarget target,
        CancellationToken cancellationToken
    ) => default;

    public bool Failed(LinkTarget? target, ConnectException failure) => _servers.Failed(target, failure);

    public override string ToString() => _servers.ToString();
}
