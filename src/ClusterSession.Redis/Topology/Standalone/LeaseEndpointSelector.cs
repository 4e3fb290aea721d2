using ClusterSession.Redis.Connection;
using ClusterSession.Redis.Connection.Fencing;
using ClusterSession.Transport.Links;

namespace ClusterSession.Redis.Topology.Standalone;

/// <summary>
/// One or several endpoints, tried in turn, of which the one is used whose agent holds the lease.
/// </summary>
internal sealed class LeaseEndpointSelector(IEnumerable<RedisEndpoint> endpoints, byte[] leaseKey)
    : StaticEndpointSelector<RedisConnection>(endpoints.Select(endpoint => endpoint.Address))
{
    private readonly LeaseAdmission _lease = new(leaseKey, "fence=lease");

    /// <inheritdoc/>
    public override ValueTask AdmitAsync(
        RedisConnection connection,
        LinkTarget target,
        CancellationToken cancellationToken
    ) => _lease.AdmitAsync(connection);
}
