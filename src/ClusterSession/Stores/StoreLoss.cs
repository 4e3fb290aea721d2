namespace ClusterSession.Stores;

/// <summary>What a store that is connected to again may have lost.</summary>
public enum StoreLoss
{
    /// <summary>Nothing: it is the same server with the same history.</summary>
    None,

    /// <summary>The end of its history: a replica took over that may have been behind.</summary>
    Recent,

    /// <summary>
    /// Anything: it was restarted or emptied, or cannot be told apart from one that was.
    /// </summary>
    Everything,

    /// <summary>
    /// Anything: it is another store on purpose. It is given what the nodes have, whatever is set
    /// for one that was reset.
    /// </summary>
    Moved,
}
