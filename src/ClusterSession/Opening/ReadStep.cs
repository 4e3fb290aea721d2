namespace ClusterSession.Opening;

/// <summary>What is done with the store's answer; see <see cref="OpenTable"/>.</summary>
internal enum ReadStep
{
    /// <summary>The store says that the session was ended, or goes on under another id.</summary>
    Ended,

    /// <summary>This node has heard meanwhile that the session was ended, by any node.</summary>
    KnownEnd,

    /// <summary>
    /// The session is idle: it is ended, unless a running request has committed to it.
    /// </summary>
    EndIdle,

    /// <summary>
    /// This node goes on with what it knows, if that is what the client has seen.
    /// </summary>
    GoOnWithoutStore,

    /// <summary>The copy that the store compared with is gone: it is read anew, complete.</summary>
    ReadAgain,

    /// <summary>
    /// The store's record is used as it is. What only this node has is not added yet: it was made
    /// on another node's commit, which has to be back first.
    /// </summary>
    UseStored,

    /// <summary>The store's record and what only this node has become the local copy.</summary>
    TakeIn,

    /// <summary>The local copy is what the store has.</summary>
    UseCopy,

    /// <summary>The store has lost the session: the local copy is stored again.</summary>
    Restore,

    /// <summary>
    /// The store has nothing, and this node nothing that may be stored again now.
    /// </summary>
    Nothing,
}
