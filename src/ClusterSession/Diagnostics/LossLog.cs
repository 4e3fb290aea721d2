using Microsoft.Extensions.Logging;

namespace ClusterSession.Diagnostics;

/// <summary>
/// Counts what the store had lost and this node restored: after a failover that may be as much as
/// every request finds. Thread-safe.
/// </summary>
internal sealed class LossLog(SessionMetrics metrics, TimeProvider time, ILogger<LossLog> logger)
{
    private readonly LogRate _sessions = new(time);
    private readonly LogRate _commits = new(time);

    /// <summary>The store had lost a session.</summary>
    public void LostSession()
    {
        metrics.Lost.Add(1);
        if (_sessions.MayWrite(out var count))
        {
            logger.StoreLostSession(count);
        }
    }

    /// <summary>The store had lost commits of a session.</summary>
    public void LostCommit()
    {
        metrics.Lost.Add(1);
        if (_commits.MayWrite(out var count))
        {
            logger.StoreLostCommit(count);
        }
    }
}
