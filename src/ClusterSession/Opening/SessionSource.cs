using ClusterSession.Local;

namespace ClusterSession;

/// <summary>Where a request's copy of its session came from.</summary>
public enum SessionSource
{
    /// <summary>There was no session; it begins with this request.</summary>
    New,

    /// <summary>
    /// What this node knows by itself: the store was not asked, or its answer did not come in time,
    /// or did not decide.
    /// </summary>
    LocalCopy,

    /// <summary>
    /// This node's local copy. The store confirmed it, or had lost the session and was sent it
    /// again.
    /// </summary>
    Revalidated,

    /// <summary>The store.</summary>
    Store,
}
