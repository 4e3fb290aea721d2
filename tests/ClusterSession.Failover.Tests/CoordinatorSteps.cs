using System.Text;
using ClusterSession.Failover.Coordination;
using ClusterSession.Processes;

namespace ClusterSession.Failover.Tests;

/// <summary>What tests do again and again through a coordinator, whatever its store is.</summary>
internal static class CoordinatorSteps
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    public static async Task<CoordinationState> ReadAsync(IFailoverCoordinator coordinator, string cluster)
    {
        CoordinationState? state = null;
        await Condition.HoldsAsync(
            async () => (state = (await coordinator.ReadAsync(cluster) as ReadResult.Read)?.State) is not null,
            "the store is reachable",
            Patience
        );
        return state!;
    }

    /// <summary>Takes the lease as soon as it is free; the document is the holder's name.</summary>
    public static async Task<AcquireResult.Granted> AcquireAsync(
        IFailoverCoordinator coordinator,
        string cluster,
        string holder,
        TimeSpan ttl
    )
    {
        AcquireResult.Granted? granted = null;
        await Condition.HoldsAsync(
            async () =>
            {
                var seen = await ReadAsync(coordinator, cluster);
                var document = Encoding.UTF8.GetBytes(holder);
                granted =
                    await coordinator.AcquireAsync(OperationId.New(), cluster, holder, ttl, seen, document)
                    as AcquireResult.Granted;
                return granted is not null;
            },
            $"{holder} is granted the lease of {cluster}",
            Patience
        );
        return granted!;
    }
}
