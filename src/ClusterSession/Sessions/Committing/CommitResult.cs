using ClusterSession.Stores;

namespace ClusterSession.Sessions.Committing;

/// <summary>What became of a request's changes.</summary>
/// <param name="Outcome">The kind of answer.</param>
/// <param name="Record">The request's copy with its changes, for <see cref="CommitOutcome.Committed"/>.</param>
/// <param name="Failure">What is certain, for <see cref="CommitOutcome.Unavailable"/>.</param>
internal readonly record struct CommitResult(CommitOutcome Outcome, SessionRecord? Record, StoreFailure Failure)
{
    public static CommitResult Committed(SessionRecord record) => new(CommitOutcome.Committed, record, StoreFailure.None);

    public static CommitResult Destroyed { get; } = new(CommitOutcome.Destroyed, null, StoreFailure.None);

    public static CommitResult Collision { get; } = new(CommitOutcome.Collision, null, StoreFailure.None);

    public static CommitResult Unavailable(StoreFailure failure) => new(CommitOutcome.Unavailable, null, failure);
}
