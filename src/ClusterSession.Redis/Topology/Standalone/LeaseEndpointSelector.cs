using ClusterSession.Redis.Connection;
using ClusterSession.Redis.Connection.Fencing;

namespace ClusterSession.Redis.Topology.Standalone;

/// <summary>
/// One or several endpoints, tried in turn, of which the one is used whose agent holds the lease.
/// Histories are not looked at: a former master that rules again, after what it has was merged, is
/// the ruler.
/// </summary>
internal sealed class LeaseEndpointSelector(IReadOnlyList<RedisEndpoint> endpoints, byte[] leaseKey) : IEndpointSelector
{
    private readonly LeaseEpochs _epochs = new();
    private int _next;

    /// <inheritdoc/>
    public RedisEndpoint Place => endpoints[0];

    /// <inheritdoc/>
    public ValueTask<LinkTarget> NextAsync(CancellationToken cancellationToken) =>
        new(new LinkTarget(endpoints[_next % endpoints.Count]));

    /// <inheritdoc/>
    public async ValueTask AdmitAsync(
        RedisConnection connection,
        LinkTarget target,
        CancellationToken cancellationToken
    )
    {
        var server = connection.Server;
        if (server.Mode == RedisServerIdentity.ClusterMode)
        {
            throw new RedisConnectException(
                RedisConnectFailure.Unsupported,
                $"{connection.Endpoint} is a node of a cluster, which no agent switches over: take fence=lease out."
            );
        }

        if (server.RunId.Length != LeaseRecord.RunIdLength)
        {
            throw new RedisConnectException(
                RedisConnectFailure.AccessDenied,
                $"{connection.Endpoint} does not say its run id, which fence=lease needs: allow INFO to the user, or "
                    + "take fence=lease out."
            );
        }

        var gate = new LeaseGate(leaseKey, server.RunId, _epochs);
        connection.Gate = gate;
        if (await connection.SendAsync(new LeaseHeartbeatRequest(gate)).ConfigureAwait(false) is { } reason)
        {
            throw new RedisConnectException(
                RedisConnectFailure.Closed,
                $"{connection.Endpoint} is closed (fence=lease): {reason}."
            );
        }
    }

    /// <inheritdoc/>
    public bool Failed(LinkTarget? target, RedisConnectException failure)
    {
        // After a loss the same endpoint comes first, since most losses are short; after a failure
        // the next one.
        _next++;
        return _next % endpoints.Count != 0;
    }

    /// <inheritdoc/>
    public override string ToString() => string.Join(" or ", endpoints);
}
