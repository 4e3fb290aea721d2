namespace ClusterSession.Stores;

/// <summary>The part that a server has in its partition.</summary>
public enum StoreServerRole
{
    /// <summary>The node does not know.</summary>
    Unknown,

    /// <summary>It decides: writes go to it.</summary>
    Primary,

    /// <summary>It follows the one that decides.</summary>
    Replica,
}
