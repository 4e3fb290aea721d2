using ClusterSession.Local;

namespace ClusterSession;

/// <summary>Where a request's copy of its session came from.</summary>
public enum SessionSource
{
    /// <summary>There was no session; it begins with this request.</summary>
    New,

    /// <summary>This node's local copy, without asking the store.</summary>
    LocalCopy,

    /// <summary>This node's local copy, which the store confirmed to be unchanged.</summary>
    Revalidated,

    /// <summary>The store.</summary>
    Store,
}
