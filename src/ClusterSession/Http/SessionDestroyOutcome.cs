namespace ClusterSession;

/// <summary>What became of destroying a session.</summary>
public enum SessionDestroyOutcome
{
    /// <summary>The store has it: no node serves the session any more.</summary>
    Destroyed,

    /// <summary>
    /// The store is unreachable. This node refuses the session and sends the end until the store
    /// takes it; until then other nodes that have a copy may serve the session, and the end is lost
    /// if this node is killed first.
    /// </summary>
    Pending,
}
