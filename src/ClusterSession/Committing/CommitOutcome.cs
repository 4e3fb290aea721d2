namespace ClusterSession.Committing;

/// <summary>The kinds of answer to committing a request's changes.</summary>
internal enum CommitOutcome
{
    /// <summary>There were none.</summary>
    Nothing,

    /// <summary>
    /// They are where the durability asks for, or in the journal while the store is not responding.
    /// </summary>
    Committed,

    /// <summary>The session was ended meanwhile; they are dropped.</summary>
    Destroyed,

    /// <summary>The new session's id is another session's already.</summary>
    Collision,

    /// <summary>Others have changed what it was meant for; nothing was done.</summary>
    Superseded,

    /// <summary>An end that the store has not taken: it holds on this node, and is sent until the
    /// store takes it.</summary>
    Deferred,

    /// <summary>Neither the store nor the journal has them.</summary>
    Unavailable,
}
