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
    /// Anything: the node was told to use other servers. They are given what the nodes have,
    /// whatever <see cref="OutageOptions.OnStoreReset"/> says.
    /// </summary>
    Moved,
}
