namespace ClusterSession.Committing;

/// <summary>The kinds of answer to committing a request's changes.</summary>
internal enum CommitOutcome
{
    /// <summary>There were none.</summary>
    Nothing,

    /// <summary>
    /// They are where the durability asks for; or, where too few replicas confirm in time, in the
    /// master alone, counted as short; or in the journal, while the store does not respond or
    /// refuses writes.
    /// </summary>
    Committed,

    /// <summary>
    /// Another request has ended the session before: changes are dropped, and an end was not
    /// needed.
    /// </summary>
    AlreadyEnded,

    /// <summary>The new session's id is another session's already.</summary>
    Collision,

    /// <summary>
    /// Others have committed to the session that was to be ended; nothing was done.
    /// </summary>
    ChangedByOthers,

    /// <summary>An end that the store has not taken: it holds on this node, and is sent until the
    /// store takes it.</summary>
    EndKept,

    /// <summary>Neither the store nor the journal has them.</summary>
    Unavailable,
}
