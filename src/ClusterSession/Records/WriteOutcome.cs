namespace ClusterSession.Records;

/// <summary>The kinds of answer to a commit, a copy or an end.</summary>
public enum WriteOutcome
{
    /// <summary>
    /// It has happened, now or before, under the version it came with. A copy that was stored where
    /// there was none keeps the version of its record.
    /// </summary>
    Committed,

    /// <summary>
    /// A merged copy brought nothing that the store did not have, neither attributes nor commits;
    /// the store keeps its version.
    /// </summary>
    Unchanged,

    /// <summary>
    /// It could not be applied: there is no record (send a full copy), the record lacks what the
    /// copy is an addition to, or the copy has no life left.
    /// </summary>
    Missing,

    /// <summary>The session was ended before; nothing is written.</summary>
    Destroyed,

    /// <summary>
    /// The store's version is not older than the one that came: take a newer version and send
    /// again. Or it is not the one that it must be (<see cref="SessionChange.MustBeBase"/>,
    /// <see cref="SessionEnd.MustBe"/>): what is there has to be read or merged first.
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
