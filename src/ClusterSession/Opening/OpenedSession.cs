using ClusterSession.Records;
using ClusterSession.Stores;

namespace ClusterSession.Opening;

/// <summary>What opening a session found.</summary>
/// <param name="Outcome">The kind of answer.</param>
/// <param name="Record">The session's copy, for <see cref="OpenOutcome.Opened"/>.</param>
/// <param name="Source">Where the copy came from.</param>
/// <param name="IsComplete">Whether the copy is all of the session under its version.</param>
/// <param name="IsRegressed">Whether the client has, or may have, seen something that this copy
/// lacks.</param>
/// <param name="Failure">Why nothing was found that may be relied on.</param>
/// <param name="Successor">For <see cref="OpenOutcome.Destroyed"/>: under what the session goes on,
/// if it was rotated.</param>
/// <param name="Age">How long ago the session was ended or rotated.</param>
internal readonly record struct OpenedSession(
    OpenOutcome Outcome,
    SessionRecord? Record,
    SessionSource Source,
    bool IsComplete,
    bool IsRegressed,
    StoreFailure Failure,
    SessionSuccessor? Successor = null,
    TimeSpan Age = default
)
{
    /// <summary>
    /// The outcome as trace spans name it (the tag <c>clustersession.outcome</c>).
    /// </summary>
    public string OutcomeTag =>
        Outcome switch
        {
            OpenOutcome.Opened => "opened",
            OpenOutcome.Missing => "missing",
            OpenOutcome.Destroyed => "destroyed",
            _ => "unavailable",
        };

    public static OpenedSession Opened(
        SessionRecord record,
        SessionSource source,
        bool isRegressed = false,
        bool isComplete = true
    ) => new(OpenOutcome.Opened, record, source, isComplete, isRegressed, StoreFailure.None);

    public static OpenedSession None(OpenOutcome outcome, bool isRegressed = false) =>
        new(outcome, null, SessionSource.New, IsComplete: true, isRegressed, StoreFailure.None);

    public static OpenedSession Ended(SessionSuccessor? successor, TimeSpan age) =>
        None(OpenOutcome.Destroyed) with
        {
            Successor = successor,
            Age = age,
        };

    public static OpenedSession Unavailable(StoreFailure failure) =>
        new(OpenOutcome.Unavailable, null, SessionSource.New, IsComplete: true, IsRegressed: false, failure);
}
