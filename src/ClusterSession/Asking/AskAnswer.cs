namespace ClusterSession.Asking;

/// <summary>
/// What a node answers of a session; the numbers are those on the channel. Of 1 to 3 the higher one
/// counts. A node that knows nothing of a session answers nothing of it, and says that it is done.
/// </summary>
internal enum AskAnswer : byte
{
    /// <summary>Nothing is said of it.</summary>
    None = 0,

    /// <summary>
    /// It has something of the session, and may not restore it: the session may have been ended
    /// since, or it is not all of the session.
    /// </summary>
    MayNotRestore = 1,

    /// <summary>It has restored the session in the store.</summary>
    Restored = 2,

    /// <summary>
    /// It knows that the session was ended, and has sent that to the store again; whether the store
    /// has taken it is not said.
    /// </summary>
    Ended = 3,

    /// <summary>
    /// The node has something of the session and could not store it. What the ask finds then stays
    /// open: the result is Unanswered, or RestoredSoFar if another node has restored the session.
    /// Only Ended by another node still decides.
    /// </summary>
    CouldNotStore = 4,
}
