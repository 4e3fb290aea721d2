namespace ClusterSession.Failover.Agents;

/// <summary>Hears of each look of an agent, on its loop. It must not throw.</summary>
internal interface IAgentWatcher
{
    /// <summary>It looked and decided; what it decided is not done yet.</summary>
    void Decided(AgentLook look);

    /// <summary>The document cannot be read, for this reason.</summary>
    void Troubled(string reason);
}
