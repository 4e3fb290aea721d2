namespace ClusterSession.Http;

/// <summary>What a login does to the session of its request.</summary>
internal enum LoginEffect
{
    /// <summary>The session stays as it is.</summary>
    None,

    /// <summary>It gets another id.</summary>
    NewId,

    /// <summary>It was another person's: it gets another id, and nothing of theirs stays.</summary>
    NewIdAndEmpty,

    /// <summary>
    /// It is another person's, and its id cannot be changed any more: it must not be shown.
    /// </summary>
    StandAside,
}
