namespace ClusterSession.ZooKeeper;

/// <summary>Who may read and change the nodes that a client makes.</summary>
public enum NodeAccess
{
    /// <summary>Everybody who reaches a server.</summary>
    Everyone,

    /// <summary>Whose credentials are those of the client.</summary>
    Creator,
}
