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
    /// This node's local copy, which has all that the client has seen. The store confirmed it, or
    /// had lost the session and was sent it again.
    /// </summary>
    Revalidated,

    /// <summary>
    /// The store, and what was merged into it of this node's copy. Also what is served flagged
    /// (<see cref="IClusterSession.IsRegressed"/>) because nobody has what the client has seen:
    /// even where the store had lost the session, and was sent this node's copy of it again.
    /// </summary>
    Store,
}
