using ClusterSession.Records;
using ClusterSession.Stores;

namespace ClusterSession.Committing;

/// <summary>What became of a request's changes.</summary>
/// <param name="Outcome">The kind of answer.</param>
/// <param name="Record">The request's copy with its changes, for
/// <see cref="CommitOutcome.Committed"/>.</param>
/// <param name="IsComplete">Whether the record is known to be all that the store has under its
/// version. Else others have changed it since the request opened it, or a later commit of this node
/// was heard of first, or it is in the journal.</param>
/// <param name="Failure">
/// Why, and by that whether it may have happened, for <see cref="CommitOutcome.Unavailable"/>.
/// </param>
/// <param name="MovedTo">
/// If the session was rotated meanwhile, its successor: for <see cref="CommitOutcome.Committed"/>
/// the one that has the changes, for an end that found <see cref="CommitOutcome.AlreadyEnded"/> the
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
    /// <summary>
    /// The outcome as trace spans name it (the tag <c>clustersession.outcome</c>).
    /// </summary>
    public string OutcomeTag =>
        Outcome switch
        {
            CommitOutcome.Committed => "committed",
            CommitOutcome.EndKept => "deferred",
            CommitOutcome.AlreadyEnded => "destroyed",
            CommitOutcome.Nothing => "nothing",
            CommitOutcome.Collision => "collision",
            CommitOutcome.ChangedByOthers => "changed_by_others",
            _ => "unavailable",
        };

    public static CommitResult Committed(SessionRecord record, bool isComplete) =>
        new(CommitOutcome.Committed, record, isComplete, StoreFailure.None);

    public static CommitResult Nothing => default;

    public static CommitResult AlreadyEnded { get; } = new(CommitOutcome.AlreadyEnded, null, false, StoreFailure.None);

    public static CommitResult Collision { get; } = new(CommitOutcome.Collision, null, false, StoreFailure.None);

    public static CommitResult EndKept { get; } = new(CommitOutcome.EndKept, null, false, StoreFailure.Unknown);

    public static CommitResult ChangedByOthers { get; } =
        new(CommitOutcome.ChangedByOthers, null, false, StoreFailure.None);

    public static CommitResult Unavailable(StoreFailure failure) =>
        new(CommitOutcome.Unavailable, null, false, failure);
}
