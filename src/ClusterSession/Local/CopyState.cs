namespace ClusterSession.Local;

/// <summary>How much of a session this node's copy is.</summary>
/// <remarks>
/// <code>
///  (none) -- read, or committed on what the store had --> Current  serves unasked while its lease
///    |                                                       |     holds
///    |                                                       |
///    |                                                       | somebody else has changed it, or
///    |                                                       | this node has and cannot say what
///    |                                                       | is stored now
///    |                                                       v
///    |                                                     Stale   asked for by version, else
///    |                                                       |     serves only while the store
///    |                                                       |     cannot say what is there
///    |  a commit of this node that others overtook; or a     |
///    |  record is published, or merged, that lacks what is   |
///    |  here                                                 |
///    +---------------------------+---------------------------+
///                                v
///                            Incomplete   the same, and not what the store has under
///                                |        one version
///                                | a commit of another node is known to be missing
///                                v
///                             Diverged    the same, flagged: a client may have seen what is
///                                         missing
///
///  any state -- a record is published that contains it --> Current
///  any state -- ended, evicted, given up ----------------> (none)
/// </code>
/// A state never becomes a better one in place: only a copy that is published in its stead does. So
/// each arrow but those from current to stale and to (none) is a new <see cref="LocalCopy"/>, made
/// by <see cref="LocalCopies.Publish"/> or <see cref="LocalCopies.PutIncomplete"/> and nowhere
/// else.
/// </remarks>
internal enum CopyState
{
    /// <summary>
    /// All that the store had, and this node's own commits on top of it, which may be pending in
    /// the journal; nobody else is known to have changed it.
    /// </summary>
    Current,

    /// <summary>
    /// The same, but by now the store may have another version: somebody has changed, touched or
    /// ended the session, or it cannot be told that nobody has.
    /// </summary>
    Stale,

    /// <summary>
    /// Not what the store has under one version: commits of this node on top of some that it has
    /// not, or merged with a record that lacks them.
    /// </summary>
    Incomplete,

    /// <summary>It lacks a commit of another node, which a client may have seen.</summary>
    Diverged,
}
