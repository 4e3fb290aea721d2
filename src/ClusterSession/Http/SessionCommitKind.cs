namespace ClusterSession.Http;

/// <summary>What kind of commit a session gives to its response.</summary>
internal enum SessionCommitKind
{
    /// <summary>There is nothing to commit.</summary>
    Nothing,

    /// <summary>
    /// A rotation or an end of the session has failed, so that nothing of the request is kept.
    /// </summary>
    Refused,

    /// <summary>Another request has ended the session, and this one knows it.</summary>
    Ended,

    /// <summary>Changes of a session that is stored.</summary>
    Changes,

    /// <summary>A session that is not stored yet.</summary>
    NewSession,

    /// <summary>
    /// The session goes on under another id: somebody has logged in, or the application asks for
    /// that.
    /// </summary>
    NewId,
}
