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
    private readonly HistoryCheck _histories;
    private readonly GenerationKey? _generationKey;
    private (long Generation, long Floor)? _refusedRaise;
    private readonly IRedisTopologyObserver? _observer;
    private readonly Action? _clusterFound;

    /// <summary>Selects for one link.</summary>
    /// <param name="endpoints">Where a master may be; at least one.</param>
    /// <param name="histories">Remembers who was master.</param>
    /// <param name="generationKey">Tells data from before a failover; null: without.</param>
    /// <param name="observer">Hears when a deposed server is used all the same.</param>
    /// <param name="clusterFound">Called when a server turns out to be a node of a cluster; null: a
    /// node is taken for a single server.</param>
    public HistoryEndpointSelector(
        IReadOnlyList<RedisEndpoint> endpoints,
        HistoryCheck histories,
        GenerationKey? generationKey,
        IRedisTopologyObserver? observer,
        Action? clusterFound
    )
        : base(endpoints.Select(endpoint => endpoint.Address)) =>
        (_histories, _generationKey, _observer, _clusterFound) = (histories, generationKey, observer, clusterFound);

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
        var verdict = _histories.Judge(connection.Server, generation);
        if (verdict >= HistoryCheckResult.Deposed)
        {
            var reason = Explain(connection.Endpoint, verdict);
            if (!_histories.HasRefusedForTooLong(verdict, connection.Server))
            {
                throw new ConnectException(RedisConnectFailure.Deposed, reason);
            }

            _observer?.OnDeposedAccepted(connection, reason);
        }

        var newest = Math.Max(_histories.Generation, generation ?? 0);
        var isSeen =
            verdict is HistoryCheckResult.Same or HistoryCheckResult.Newer
            || (verdict == HistoryCheckResult.First && generation is not null)
            || (
                verdict == HistoryCheckResult.Promoted
                && generation > Math.Max(_histories.Generation, _refusedRaise?.Generation ?? 0)
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

        _histories.Accept(
            connection.Server,
            verdict == HistoryCheckResult.Same ? found with { Number = newest } : found
        );
        _histories.Raise(raised);
    }

    /// <summary>
    /// The generation and the floor that are to be written; null: none. They are due after a change
    /// of history. They are due again where the same server did not take them before, such as a new
    /// master that had no replica yet (<c>min-replicas-to-write</c>) or was paused.
    /// </summary>
    private (long Generation, long Floor)? RaiseDue(
        RedisServerIdentity server,
        StoredGeneration found,
        HistoryCheckResult verdict,
        long newest,
        bool isSeen
    )
    {
        if (!isSeen)
        {
            return (newest + 1, _histories.FloorOf(server, found, newest + 1));
        }

        return
            verdict == HistoryCheckResult.Same
            && _refusedRaise is { } refused
            && (found.Number ?? 0) < refused.Generation
            ? refused
            : null;
    }

    private static string Explain(RedisEndpoint endpoint, HistoryCheckResult verdict) =>
        $"{endpoint} was the master once and is no more: "
        + verdict switch
        {
            HistoryCheckResult.Deposed => "another server has continued its history.",
            HistoryCheckResult.ForkOfDeposed => "it continues a history that another server has continued too.",
            _ => "its data is from before a failover that was seen.",
        };
}
