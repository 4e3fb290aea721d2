namespace ClusterSession.ChaosNode;

/// <summary>Whose sessions a node serves.</summary>
public enum SessionMode
{
    /// <summary>The product.</summary>
    ClusterSession,

    /// <summary>
    /// ASP.NET Core's own session over an IDistributedCache: reads the whole session, writes the
    /// whole session. The checker must catch it.
    /// </summary>
    AddSession,
}
