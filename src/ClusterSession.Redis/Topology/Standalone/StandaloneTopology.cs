using System.Diagnostics.CodeAnalysis;
using ClusterSession.Redis.Connection;
using ClusterSession.Redis.Connection.Fencing;
using ClusterSession.Redis.Protocol;
using ClusterSession.Transport.Links;

namespace ClusterSession.Redis.Topology.Standalone;

/// <summary>One server for all keys, the master among the endpoints given. Thread-safe.</summary>
/// <remarks>
/// A server that answers READONLY was demoted: the connection is closed, which drops what was read
/// on it, and the endpoints are tried in turn until one is master. Behind one address (HAProxy, a
/// virtual IP) the new connection finds the server that is there now. Its run id and replication id
/// show whether this is another server. <see cref="HistoryCheck"/> decides whether it may be used;
/// where a lease record is required, <see cref="LeaseAdmission"/> does.
/// </remarks>
internal sealed class StandaloneTopology : IRedisTopology
{
    private readonly RedisLink _link;

    /// <summary>A topology that has not begun to connect.</summary>
    /// <param name="options">Where to connect; a copy is taken.</param>
    /// <param name="time">Clock of all deadlines.</param>
    /// <param name="random">Used by the topology's own loop only.</param>
    /// <param name="pushHandler">Takes invalidations; null: reads are not tracked.</param>
    /// <param name="observer">Hears of connections made and lost.</param>
    /// <param name="generationKey">Tells data from before a failover; null: only replication ids
    /// are compared.</param>
    /// <param name="leaseKey">Where the lease record is, if one is required.</param>
    /// <param name="clusterFound">Called, perhaps again and again, when a server turns out to be a
    /// node of a cluster; null: it is used as if it were alone.</param>
    public StandaloneTopology(
        RedisOptions options,
        TimeProvider time,
        Random random,
        IRedisPushHandler? pushHandler,
        IRedisTopologyObserver? observer,
        GenerationKey? generationKey = null,
        Action? clusterFound = null,
        byte[]? leaseKey = null
    )
    {
        var handshake = new RedisHandshakeOptions(
            Tracking: pushHandler is not null,
            RequiredRole: RedisRole.Master,
            AnyRoleInCluster: clusterFound is not null
        );
        IEndpointSelector<RedisConnection> selector = leaseKey is not null
            ? new LeaseEndpointSelector([.. options.Endpoints], leaseKey)
            : new HistoryEndpointSelector(
                [.. options.Endpoints],
                new HistoryCheck(options.FenceTimeout, time, isOneAddress: options.Endpoints.Count == 1),
                generationKey,
                observer,
                clusterFound
            );
        _link = new RedisLink(
            selector,
            new RedisConnector(options, time, pushHandler, handshake),
            time,
            random,
            observer
        );
    }

    /// <inheritdoc/>
    public void Start() => _link.Start();

    /// <inheritdoc/>
    public bool TryGetConnection(ReadOnlySpan<byte> key, [NotNullWhen(true)] out RedisConnection? connection) =>
        (connection = _link.Current) is not null;

    /// <inheritdoc/>
    public ValueTask<RedisConnection> GetConnectionAsync(
        ReadOnlyMemory<byte> key,
        CancellationToken cancellationToken
    ) => _link.GetAsync(cancellationToken);

    /// <inheritdoc/>
    public void ReportError(RedisConnection connection, RedisErrorKind kind, string? text = null)
    {
        if (kind is RedisErrorKind.ReadOnly or RedisErrorKind.MasterDown or RedisErrorKind.Fenced)
        {
            connection.Close($"the server is no master any more ({kind}).");
        }
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => _link.DisposeAsync();
}
