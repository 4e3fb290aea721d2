using ClusterSession.Failover.Coordination;

namespace ClusterSession.Failover.Tests.Simulation;

/// <summary>The store as one agent reaches it.</summary>
internal sealed class SimCoordinatorLink(SimCluster cluster, SimHost from, SimProcess agent, SimClock clock)
    : IFailoverCoordinator
{
    /// <summary>As of ZooKeeper's sessions: a proof of life this young is not made again.</summary>
    private const double FreshShare = 0.1;

    private (long Epoch, RenewResult.Renewed Renewed)? _proof;

    public TimeProvider Clock => clock;

    public ValueTask<ReadResult> ReadAsync(string name, CancellationToken cancellation) =>
        AskAsync(store => store.Read(), isChange: false);

    public ValueTask<AcquireResult> AcquireAsync(
        OperationId id,
        string name,
        string holder,
        TimeSpan ttl,
        CoordinationState seen,
        ReadOnlyMemory<byte> document,
        CancellationToken cancellation
    )
    {
        var countedFrom = clock.GetTimestamp();
        return AskAsync(store => store.Acquire(id, holder, ttl, seen, document, countedFrom));
    }

    public async ValueTask<RenewResult> RenewAsync(
        string name,
        string holder,
        long epoch,
        CancellationToken cancellation
    )
    {
        if (
            _proof is { } proof
            && proof.Epoch == epoch
            && clock.GetElapsedTime(proof.Renewed.CountedFrom) < proof.Renewed.Ttl * FreshShare
        )
        {
            return await AskAsync<RenewResult>(store =>
                store.IsHeldBy(holder, epoch) ? proof.Renewed : new RenewResult.Lost()
            );
        }

        var countedFrom = clock.GetTimestamp();
        var result = await AskAsync(store => store.Renew(holder, epoch, countedFrom));
        if (cluster.Coordinator.Kind == SimStoreKind.ZooKeeper && result is RenewResult.Renewed renewed)
        {
            _proof = (epoch, renewed);
        }

        return result;
    }

    public ValueTask<ReleaseResult> ReleaseAsync(
        OperationId id,
        string name,
        string holder,
        long epoch,
        ReadOnlyMemory<byte>? document,
        long seenVersion,
        CancellationToken cancellation
    ) => AskAsync(store => store.Release(id, holder, epoch, document, seenVersion));

    public ValueTask<WriteResult> WriteAsync(
        OperationId id,
        string name,
        long seenVersion,
        ReadOnlyMemory<byte> document,
        long? epoch,
        CancellationToken cancellation
    ) => AskAsync(store => store.Write(id, seenVersion, document, epoch));

    private ValueTask<T> AskAsync<T>(Func<SimCoordinator, T> operation, bool isChange = true) =>
        SimCall.SendAsync<T>(
            cluster,
            from,
            agent,
            () => cluster.Coordinator.IsDown || cluster.IsCutFromStore(from),
            (answer, _) => answer(operation(cluster.Coordinator)),
            isChange,
            cluster.Coordinator.Lateness
        );
}
