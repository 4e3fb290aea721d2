namespace ClusterSession.Failover.Sights;

/// <summary>What an agent says of itself.</summary>
/// <param name="IsAlive">Whether its loop goes on.</param>
/// <param name="Merge">Its merge into the master; null: there is none.</param>
internal sealed record AgentSight(bool IsAlive, MergeSight? Merge = null)
{
    /// <summary>An agent that did not answer.</summary>
    public static AgentSight None { get; } = new(false);
}
