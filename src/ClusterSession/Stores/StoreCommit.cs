using ClusterSession.Sessions;

namespace ClusterSession.Stores;

/// <summary>What became of a commit, a copy or an end.</summary>
/// <param name="Outcome">The kind of answer.</param>
/// <param name="Previous">The version the store had before (for <see cref="StoreCommitOutcome.Superseded"/>: still has; for <see cref="StoreCommitOutcome.Destroyed"/>: of the end).</param>
/// <param name="Replicas">How many replicas confirmed, where the caller asked for some.</param>
/// <param name="Lease">How long the committed copy may be relied on.</param>
/// <param name="Failure">Why there is no answer, for <see cref="StoreCommitOutcome.Unavailable"/>.</param>
/// <param name="IsBaseMissing">
/// Whether a commit was applied to a record that does not contain its base: the store has lost what the request had opened, and the
/// record now has the newest version without it.
/// </param>
/// <param name="Successor">For <see cref="StoreCommitOutcome.Destroyed"/>: under what the session
/// goes on, if it was rotated.</param>
public readonly record struct StoreCommit(
    StoreCommitOutcome Outcome, SessionVersion Previous, int Replicas, SessionLease Lease, StoreFailure Failure, bool IsBaseMissing = false,
    SessionSuccessor? Successor = null)
{
    /// <summary>An answer of the store.</summary>
    public static StoreCommit Answered(StoreCommitOutcome outcome, SessionVersion previous, SessionLease lease, int replicas = 0) =>
        new(outcome, previous, replicas, lease, StoreFailure.None);

    /// <summary>No answer.</summary>
    public static StoreCommit Unavailable(StoreFailure failure) =>
        new(StoreCommitOutcome.Unavailable, SessionVersion.None, 0, SessionLease.None, failure);
}
