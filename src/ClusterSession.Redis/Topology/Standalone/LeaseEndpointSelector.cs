using ClusterSession.Redis.Connection;
using ClusterSession.Redis.Connection.Fencing;
using ClusterSession.Transport.Links;
using ClusterSession.Transport.Sockets;

namespace ClusterSession.Redis.Topology.Standalone;

/// <summary>
/// One or several endpoints, tried in turn, of which the one is used whose agent holds the lease.
/// Histories are not looked at: a former master that rules again, after what it has was merged, is
/// the ruler.
/// </summary>
internal sealed class LeaseEndpointSelector(IEnumerable<RedisEndpoint> endpoints, byte[] leaseKey)
    : StaticEndpointSelector<RedisConnection>(endpoints.Select(endpoint => endpoint.Address))
{
    private readonly LeaseEpochs _epochs = new();

    /// <inheritdoc/>
    public override async ValueTask AdmitAsync(
        RedisConnection connection,
        LinkTarget target,
        CancellationToken cancellationToken
    )
    {
        var server = connection.Server;
        if (server.Mode == RedisServerIdentity.ClusterMode)
        {
            throw new ConnectException(
                ConnectFailure.Unsupported,
                $"{connection.Endpoint} is a node of a cluster, which no agent switches over: take fence=lease out."
            );
        }

        if (server.RunId.Length != LeaseRecord.RunIdLength)
        {
            throw new ConnectException(
                ConnectFailure.AccessDenied,
                $"{connection.Endpoint} does not say its run id, which fence=lease needs: allow INFO to the user, or "
                    + "take fence=lease out."
            );
        }

        var gate = new LeaseGate(leaseKey, server.RunId, _epochs);
        connection.Gate = gate;
        if (await connection.SendAsync(new LeaseHeartbeatRequest(gate)).ConfigureAwait(false) is { } reason)
        {
            throw new ConnectException(
                RedisConnectFailure.Closed,
                $"{connection.Endpoint} is closed (fence=lease): {reason}."
            );
        }
    }
}
