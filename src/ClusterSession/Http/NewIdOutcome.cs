namespace ClusterSession.Http;

/// <summary>Under which id a session goes on after a commit that was to give it one.</summary>
internal enum NewIdOutcome
{
    /// <summary>It has the id it had, or none.</summary>
    Kept,

    /// <summary>It is stored under a new id.</summary>
    Given,

    /// <summary>
    /// Another request of the same login was first: the id is the one that it gave.
    /// </summary>
    Followed,

    /// <summary>The store is away: a later request with this login changes the id.</summary>
    PutOff,

    /// <summary>The id could not be changed, and nothing of the request is to be kept.</summary>
    Failed,

    /// <summary>
    /// Another request has ended the session, and a new one in its place was not stored.
    /// </summary>
    Ended,
}
