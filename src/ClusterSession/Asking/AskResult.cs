namespace ClusterSession.Asking;

/// <summary>
/// What the other nodes say of a session that the store has not, or not as the client saw it.
/// </summary>
internal enum AskResult
{
    /// <summary>
    /// Asking is given up: a node of an older release is there, which answers no ask, or one that
    /// may have it has not answered for 10 s.
    /// </summary>
    GivenUp,

    /// <summary>
    /// A node that may have it has not answered in time, could not store it, or was not heard of
    /// yet: it may be there at the next request.
    /// </summary>
    Unanswered,

    /// <summary>
    /// Too many sessions are missing at once for all of them to be asked for: it may be its turn at
    /// the next request.
    /// </summary>
    Unasked,

    /// <summary>Every node has answered, and none has it.</summary>
    Nobody,

    /// <summary>
    /// A node has something of it that it may not restore, and all others are done.
    /// </summary>
    MayNotRestore,

    /// <summary>
    /// A node has restored it, and all others are done: the store is to be read again.
    /// </summary>
    Restored,

    /// <summary>
    /// A node has restored it, and one that may have more of it has not answered: the store is to
    /// be read again, and what it lacks may be there at the next request.
    /// </summary>
    RestoredSoFar,

    /// <summary>A node knows its end.</summary>
    Ended,
}
