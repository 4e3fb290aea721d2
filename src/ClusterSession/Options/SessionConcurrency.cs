namespace ClusterSession;

/// <summary>What requests of one session may do at the same time.</summary>
public enum SessionConcurrency
{
    /// <summary>
    /// Requests run side by side and their changes merge: of each attribute the last write stays.
    /// The default.
    /// </summary>
    Merge,

    /// <summary>
    /// One request at a time. Not available yet: an endpoint that asks for it is refused at start.
    /// </summary>
    Exclusive,

    /// <summary>The session can be read and not changed.</summary>
    ReadOnly,

    /// <summary>The session is not opened at all: static files, health checks.</summary>
    None,
}
