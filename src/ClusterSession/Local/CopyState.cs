namespace ClusterSession.Local;

/// <summary>How much of a session this node's copy is.</summary>
/// <remarks>
/// <code>
///               read from the store, or committed on what the store had
///                                      |
///                                      v
///                 invalidation     +---------+
///         +----------------------- | Current |  serves unasked, while its lease is current
///         v                        +---------+
///     +-------+                        ^
///     | Stale |  ------ read anew -----+        asked for by version; serves while the store
///     +-------+                        ^        is unreachable
///         |                            |
///         | a commit of this node      | the store's record has all that the copy has
///         | that others overtook       |
///         v                            |
///   +------------+                     |
///   | Incomplete | --------------------+        lacks what is between this node's commits;
///   +------------+                     |        serves only while the store is unreachable
///         |                            |
///         | another node's commit      |
///         | is known to be missing     |
///         v                            |
///    +----------+                      |
///    | Diverged | ---------------------+        the same, flagged: a client may have seen
///    +----------+                               what is missing
/// </code>
/// A state never becomes a better one in place: only a copy that is published in its stead does. So
/// each arrow but the invalidation is a new <see cref="LocalCopy"/>, made by <see
/// cref="LocalCopies.Publish"/> or <see cref="LocalCopies.Supersede"/> and nowhere else.
/// </remarks>
internal enum CopyState
{
    /// <summary>All that the store had under its version; nobody is known to have changed it.</summary>
    Current,

    /// <summary>All that the store had under its version, and somebody has changed it since.</summary>
    Stale,

    /// <summary>It has commits of this node on top of some that it has not.</summary>
    Incomplete,

    /// <summary>It lacks a commit of another node, which a client may have seen.</summary>
    Diverged,
}
