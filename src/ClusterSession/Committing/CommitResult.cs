using ClusterSession.Records;
using ClusterSession.Stores;

namespace ClusterSession.Committing;

/// <summary>What became of a request's changes.</summary>
/// <param name="Outcome">The kind of answer.</param>
/// <param name="Record">The request's copy with its changes, for
/// <see cref="CommitOutcome.Committed"/>.</param>
/// <param name="IsComplete">Whether the record is all of the session; else others have changed it
/// since the request opened it.</param>
/// <param name="Failure">What is certain, for <see cref="CommitOutcome.Unavailable"/>.</param>
/// <param name="MovedTo">
/// If the session was rotated meanwhile, its successor: for <see cref="CommitOutcome.Committed"/>
/// the one that has the changes, for an end that found <see cref="CommitOutcome.Destroyed"/> the
/// one that goes on.
/// </param>
internal readonly record struct CommitResult(
    CommitOutcome Outcome,
    SessionRecord? Record,
    bool IsComplete,
    StoreFailure Failure,
    SessionSuccessor? MovedTo = null
)
{
    /// <summary>The outcome in spans.</summary>
    public string Name =>
        Outcome switch
        {
            CommitOutcome.Committed => "committed",
            CommitOutcome.Deferred => "deferred",
            CommitOutcome.Destroyed => "destroyed",
            CommitOutcome.Nothing => "nothing",
            _ => "unavailable",
        };

    public static CommitResult Committed(SessionRecord record, bool isComplete) =>
        new(CommitOutcome.Committed, record, isComplete, StoreFailure.None);

    public static CommitResult Nothing => default;

    public static CommitResult Destroyed { get; } = new(CommitOutcome.Destroyed, null, false, StoreFailure.None);

    public static CommitResult Collision { get; } = new(CommitOutcome.Collision, null, false, StoreFailure.None);

    public static CommitResult Deferred { get; } = new(CommitOutcome.Deferred, null, false, StoreFailure.Unknown);

    public static CommitResult Superseded { get; } = new(CommitOutcome.Superseded, null, false, StoreFailure.None);

    public static CommitResult Unavailable(StoreFailure failure) =>
        new(CommitOutcome.Unavailable, null, false, failure);
}
