using ClusterSession.Failover.Face;

namespace ClusterSession.Cli.Verdicts;

/// <summary>What one agent answered, or why it did not.</summary>
/// <param name="Agent">Its address.</param>
/// <param name="Status">What it knows of the cluster; null: it did not answer.</param>
/// <param name="Problem">Why it did not, as the end of a sentence; null: it did.</param>
internal sealed record AgentView(Uri Agent, ClusterStatus? Status, string? Problem)
{
    /// <summary>The address as people write it.</summary>
    public string Name => Agent.OriginalString.TrimEnd('/');
}
