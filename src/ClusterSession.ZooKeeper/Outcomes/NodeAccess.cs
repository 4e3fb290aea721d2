namespace ClusterSession.ZooKeeper;

/// <summary>Who may read and change the nodes that a client makes.</summary>
public enum NodeAccess
{
    /// <summary>Everybody who reaches a server.</summary>
    Everyone,

    /// <summary>Everybody who has the same credentials as the client.</summary>
    Creator,
}
