namespace ClusterSession.Stores;

/// <summary>
/// What a store, or a partition of it, may have lost when it is connected to, for the first time or
/// again.
/// </summary>
public enum StoreLoss
{
    /// <summary>
    /// Nothing. The same server with the same history, or the first one this process has seen.
    /// </summary>
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
