namespace ClusterSession.Records;

/// <summary>The kinds of answer to a commit, a copy or an end.</summary>
public enum WriteOutcome
{
    /// <summary>It is stored under the version it came with.</summary>
    Committed,

    /// <summary>
    /// A merged copy brought nothing that the store did not have, neither attributes nor commits;
    /// the store keeps its version.
    /// </summary>
    Unchanged,

    /// <summary>There is no record to apply it to: send a full copy.</summary>
    Missing,

    /// <summary>The session was ended before; nothing is written.</summary>
    Destroyed,

    /// <summary>
    /// The store's version is not older than the one that came: take a newer version and send
    /// again.
    /// </summary>
    Superseded,

    /// <summary>A new session's key belongs to another session already.</summary>
    Collision,

    /// <summary>
    /// It was not done, or it is not known whether: the store did not respond, or refused. Its
    /// failure says what is certain.
    /// </summary>
    Unavailable,
}
