using ClusterSession.Failover.Coordination;

namespace ClusterSession.Failover.Tests.Simulation;

/// <summary>The store as one agent reaches it.</summary>
internal sealed class SimCoordinatorLink(SimCluster cluster, SimHost from, SimProcess agent, SimClock clock)
    : IFailoverCoordinator
{
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

    public ValueTask<RenewResult> RenewAsync(string name, string holder, long epoch, CancellationToken cancellation)
    {
        var countedFrom = clock.GetTimestamp();
        return AskAsync(store => store.Renew(holder, epoch, countedFrom));
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
            isChange
        );
}
