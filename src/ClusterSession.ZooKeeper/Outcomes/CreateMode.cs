namespace ClusterSession.ZooKeeper;

/// <summary>How long a node stays, and who completes its name.</summary>
public enum CreateMode
{
    /// <summary>Until it is deleted.</summary>
    Persistent = 0,

    /// <summary>Until its session is over.</summary>
    Ephemeral = 1,

    /// <summary>Until it is deleted; the server puts a number behind its name.</summary>
    PersistentSequential = 2,

    /// <summary>Until its session is over; the server puts a number behind its name.</summary>
    EphemeralSequential = 3,
}
