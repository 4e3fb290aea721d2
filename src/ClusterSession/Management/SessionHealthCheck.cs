using ClusterSession.Asking;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace ClusterSession.Management;

/// <summary>
/// Degraded while the store is not responding, this node has unsaved commits, or nodes of an older
/// release are there. Never Unhealthy: all nodes see the same store, and would leave the balancer
/// at once.
/// </summary>
internal sealed class SessionHealthCheck(ISessionManager sessions, LiveNodes liveNodes) : IHealthCheck
{
    public Task<HealthCheckResult> CheckHealthAsync(
        HealthCheckContext context,
        CancellationToken cancellationToken = default
    )
    {
        var now = sessions.GetStatistics();
        var data = new Dictionary<string, object>
        {
            ["unsavedSessions"] = now.UnsavedSessions,
            ["unsavedBytes"] = now.UnsavedBytes,
            ["oldestUnsavedSeconds"] = now.OldestUnsaved?.TotalSeconds ?? 0,
            ["localCopies"] = now.LocalCopies,
            ["partitions"] = now.Partitions.Count,
            ["partitionsResponding"] = now.Partitions.Count(static partition => partition.IsResponding),
            ["partitionsRevalidated"] = now.Partitions.Count(static partition => partition.IsRevalidated),
            ["nodesThatCannotBeAsked"] = liveNodes.Older,
        };
        var silent = now
            .Partitions.Where(static partition => !partition.IsResponding)
            .Select(static partition => partition.Name);
        var result = now switch
        {
            { IsStoreResponding: false } => HealthCheckResult.Degraded(
                $"The session store '{string.Join("', '", silent)}' is not responding.",
                data: data
            ),
            { UnsavedSessions: > 0 } => HealthCheckResult.Degraded(
                $"{now.UnsavedSessions} sessions have commits that the store has not taken yet.",
                data: data
            ),
            _ when liveNodes.Older > 0 => HealthCheckResult.Degraded(
                $"{liveNodes.Older} nodes run an older release, which does not say whether it has a session that the "
                    + "store has lost.",
                data: data
            ),
            _ => HealthCheckResult.Healthy(data: data),
        };
        return Task.FromResult(result);
    }
}
