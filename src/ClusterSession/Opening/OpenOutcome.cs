namespace ClusterSession.Opening;

/// <summary>The kinds of answer to opening a session.</summary>
internal enum OpenOutcome
{
    /// <summary>Here it is.</summary>
    Opened,

    /// <summary>It expired, or the store lost it and nobody has a copy.</summary>
    Missing,

    /// <summary>It was ended.</summary>
    Destroyed,

    /// <summary>The store did not respond or refused, or nodes that may have the session did not
    /// answer, and this node has no copy that may be used.</summary>
    Unavailable,
}
