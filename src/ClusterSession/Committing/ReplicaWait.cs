using ClusterSession.Diagnostics;
using ClusterSession.Stores;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace ClusterSession.Committing;

/// <summary>
/// For how many replicas a commit waits, and how long; what is said where fewer have it in time.
/// Thread-safe.
/// </summary>
internal sealed class ReplicaWait(
    IOptions<ClusterSessionOptions> options,
    TimeProvider time,
    SessionMetrics metrics,
    ILogger<SessionCommitter> logger
)
{
    private readonly LogRate _short = new(time);

    public int CountFor(SessionDurability durability) =>
        durability == SessionDurability.Replicated ? options.Value.Replicas : 0;

    /// <summary>
    /// How long the store may hold its answer back for the replicas. The answer must be here before
    /// the request gives the commit up.
    /// </summary>
    public TimeSpan TimeoutFor(SessionDurability durability, in StoreDeadline deadline) =>
        durability == SessionDurability.Replicated
        && deadline.Left / 2 is var half
        && half < options.Value.ReplicaTimeout
            ? half
            : options.Value.ReplicaTimeout;

    /// <summary>The commit stands, also with too few.</summary>
    public void Check(int wanted, int reached)
    {
        if (reached < wanted)
        {
            metrics.ReplicasShort.Add(1);
            if (_short.MayWrite(out var count))
            {
                logger.ReplicasShort(reached, wanted, count);
            }
        }
    }
}
