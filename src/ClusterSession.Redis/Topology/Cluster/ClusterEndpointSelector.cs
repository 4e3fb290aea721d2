using ClusterSession.Redis.Connection;
using ClusterSession.Transport.Links;
using ClusterSession.Transport.Options;
using ClusterSession.Transport.Sockets;

namespace ClusterSession.Redis.Topology.Cluster;

/// <summary>
/// Leads a link to one master of a cluster, as long as the slot map calls it one.
/// </summary>
internal sealed class ClusterEndpointSelector(RedisEndpoint endpoint, Action changed, ISlotRuler? ruler)
    : IEndpointSelector<RedisConnection>
{
    /// <inheritdoc/>
    public ServerAddress Place => endpoint.Address;

    /// <inheritdoc/>
    public ValueTask<LinkTarget> NextAsync(CancellationToken cancellationToken) =>
        new(new LinkTarget(endpoint.Address));

    /// <inheritdoc/>
    public ValueTask AdmitAsync(RedisConnection connection, LinkTarget target, CancellationToken cancellationToken)
    {
        connection.Ruler = ruler;
        return default;
    }

    /// <inheritdoc/>
    public bool Failed(LinkTarget? target, ConnectException failure)
    {
        changed();
        return false;
    }

    /// <inheritdoc/>
    public void Changed(bool isConnected) => changed();

    /// <inheritdoc/>
    public override string ToString() => $"the cluster's master {endpoint}";
}
