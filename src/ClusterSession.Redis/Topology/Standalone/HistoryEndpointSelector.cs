using ClusterSession.Redis.Connection;
using ClusterSession.Redis.Connection.Fencing;
using ClusterSession.Transport.Links;
using ClusterSession.Transport.Sockets;

namespace ClusterSession.Redis.Topology.Standalone;

/// <summary>
/// One or several endpoints of which the master is wanted, tried in turn; a deposed master is
/// refused.
/// </summary>
internal sealed class HistoryEndpointSelector : StaticEndpointSelector<RedisConnection>
{
    private readonly ReplicationFence _fence;
    private readonly GenerationKey? _generationKey;
    private (long Generation, long Floor)? _refusedRaise;
    private readonly IRedisTopologyObserver? _observer;
    private readonly Action? _clusterFound;

    /// <summary>Selects for one link.</summary>
    /// <param name="endpoints">Where a master may be; at least one.</param>
    /// <param name="fence">Remembers who was master.</param>
    /// <param name="generationKey">Tells data from before a failover; null: without.</param>
    /// <param name="observer">Hears when a deposed server is used all the same.</param>
    /// <param name="clusterFound">Called when a server turns out to be a node of a cluster; null: a
    /// node is taken for a single server.</param>
    public HistoryEndpointSelector(
        IReadOnlyList<RedisEndpoint> endpoints,
        ReplicationFence fence,
        GenerationKey? generationKey,
        IRedisTopologyObserver? observer,
        Action? clusterFound
    )
        : base(endpoints.Select(endpoint => endpoint.Address)) =>
        (_fence, _generationKey, _observer, _clusterFound) = (fence, generationKey, observer, clusterFound);

    /// <inheritdoc/>
    public override async ValueTask AdmitAsync(
        RedisConnection connection,
        LinkTarget target,
        CancellationToken cancellationToken
    )
    {
        if (connection.Server.Mode == RedisServerIdentity.ClusterMode && _clusterFound is not null)
        {
            _clusterFound();
            throw new ConnectException(RedisConnectFailure.Cluster, $"{connection.Endpoint} is a node of a cluster.");
        }

        var (found, stored) = _generationKey is null
            ? (StoredGeneration.None, null)
            : await _generationKey.ReadAsync(connection).ConfigureAwait(false);
        var generation = found.Number;
        var verdict = _fence.Judge(connection.Server, generation);
        if (verdict >= FenceResult.Deposed)
        {
            var reason = Explain(connection.Endpoint, verdict);
            if (!_fence.HasRefusedForTooLong(verdict, connection.Server))
            {
                throw new ConnectException(RedisConnectFailure.Deposed, reason);
            }

            _observer?.OnDeposedAccepted(connection, reason);
        }

        var newest = Math.Max(_fence.Generation, generation ?? 0);
        var isSeen =
            verdict is FenceResult.Same or FenceResult.Newer
            || (verdict == FenceResult.First && generation is not null)
            || (
                verdict == FenceResult.Successor
                && generation > Math.Max(_fence.Generation, _refusedRaise?.Generation ?? 0)
            );
        var raised = StoredGeneration.None;
        if (_generationKey is null || RaiseDue(connection.Server, found, verdict, newest, isSeen) is not { } due)
        {
            _refusedRaise = null;
        }
        else
        {
            // Before the server counts as accepted: one whose connection is lost meanwhile is
            // judged anew at the next.
            raised = await _generationKey
                .RaiseAsync(connection, stored, due.Generation, due.Floor)
                .ConfigureAwait(false);
            _refusedRaise = raised.Number is null ? due : null;
        }

        _fence.Accept(connection.Server, verdict == FenceResult.Same ? found with { Number = newest } : found);
        _fence.Raise(raised);
    }

    /// <summary>
    /// What is to be raised: for a change of history, or what the same server did not take before,
    /// as a new master that has no replica yet (<c>min-replicas-to-write</c>), or was paused.
    /// </summary>
    private (long Generation, long Floor)? RaiseDue(
        RedisServerIdentity server,
        StoredGeneration found,
        FenceResult verdict,
        long newest,
        bool isSeen
    )
    {
        if (!isSeen)
        {
            return (newest + 1, _fence.FloorOf(server, found, newest + 1));
        }

        return verdict == FenceResult.Same && _refusedRaise is { } refused && (found.Number ?? 0) < refused.Generation
            ? refused
            : null;
    }

    private static string Explain(RedisEndpoint endpoint, FenceResult verdict) =>
        $"{endpoint} was the master once and is no more: "
        + verdict switch
        {
            FenceResult.Deposed => "another server has continued its history.",
            FenceResult.ForkOfDeposed => "it continues a history that another server has continued too.",
            _ => "its data is of before a failover that was seen.",
        };
}
