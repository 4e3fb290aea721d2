namespace ClusterSession.Local;

/// <summary>How much of a session this node's copy is.</summary>
/// <remarks>
/// <code>
///  (none), or any state
///    |
///    |  a record is published that has all that is here
///    +------------------------------------------------> Current     serves unasked while its lease
///    |                                                     |        holds
///    |                                                     | somebody else has changed it, or
///    |                                                     | this node has and cannot say what
///    |                                                     | is stored now
///    |  such a record, but its mark has moved; or a        v
///    |  commit is kept in the journal over a stale copy
///    +------------------------------------------------> Stale       the store is asked by version;
///    |                                                              serves without its answer only
///    |                                                              while it cannot say what is
///    |                                                              there
///    |  a commit of this node was applied on top of one
///    |  that the copy lacks; or a record is published, or
///    |  merged, that lacks what is here. Is a commit of
///    |  another node known to be missing?
///    +-- no ------------------------------------------> Incomplete  read whole, never by version;
///    |                                                              serves only while the store
///    |                                                              cannot say what is there
///    +-- yes, or the copy was diverged ---------------> Diverged    the same, flagged: a client
///                                                                   may have seen what is missing
///
///  any state -- ended, evicted, discarded ------------> (none)
/// </code>
/// Copies are discarded where the store may have lost everything and <c>OnStoreReset</c> is
/// <see cref="StoreResetPolicy.Discard"/>. The state of a copy never becomes a better one: for
/// that, a new copy is published in its stead. So every arrow is a new <see cref="LocalCopy"/>,
/// made by <see cref="LocalCopies.Publish"/> or <see cref="LocalCopies.PutIncomplete"/> and nowhere
/// else. Exceptions are the arrow from current down to stale and the one to (none).
/// </remarks>
internal enum CopyState
{
    /// <summary>
    /// All that the store had, and this node's own commits on top of it, which may be pending in
    /// the journal; nobody else is known to have changed it.
    /// </summary>
    Current,

    /// <summary>
    /// As <see cref="Current"/>, but by now the store may have another version: somebody has
    /// changed, touched or ended the session, or it is not known that nobody has.
    /// </summary>
    Stale,

    /// <summary>
    /// No version is known under which the store has exactly this: it applied a commit of this node
    /// on top of an earlier commit of this node whose answer has not come yet, or the store's
    /// record lacks what is here.
    /// </summary>
    Incomplete,

    /// <summary>
    /// As <see cref="Incomplete"/>, and it lacks a commit of another node, which a client may have
    /// seen.
    /// </summary>
    Diverged,
}
