using ClusterSession.Records;

namespace ClusterSession.Stores;

/// <summary>What became of a commit, a copy or an end.</summary>
/// <param name="Outcome">The kind of answer.</param>
/// <param name="Previous">The version the store had before (for
/// <see cref="WriteOutcome.Superseded"/>: still has; for <see cref="WriteOutcome.Destroyed"/>: of
/// the end).</param>
/// <param name="Replicas">How many replicas confirmed, where the caller asked for some.</param>
/// <param name="Lease">How long what is stored now may be relied on. What is stored equals
/// the caller's copy only where <paramref name="Previous"/> is the copy's base or, for
/// <see cref="WriteOutcome.Unchanged"/>, the copy's own version.</param>
/// <param name="Failure">Why there was no regular answer, for
/// <see cref="WriteOutcome.Unavailable"/>.</param>
/// <param name="IsBaseMissing">
/// Whether a commit was applied to a record that does not contain its base: the store has lost what
/// the request had opened, and the record now has the newest version without it.
/// </param>
/// <param name="Successor">For <see cref="WriteOutcome.Destroyed"/>: under what the session
/// goes on, if it was rotated.</param>
public readonly record struct StoreWrite(
    WriteOutcome Outcome,
    SessionVersion Previous,
    int Replicas,
    SessionLease Lease,
    StoreFailure Failure,
    bool IsBaseMissing = false,
    SessionSuccessor? Successor = null
)
{
    /// <summary>
    /// Whether this very operation has changed what is stored. False also where an earlier sending
    /// of it had happened already, and where the store does not respond.
    /// </summary>
    public bool HasChanged { get; init; }

    /// <inheritdoc cref="StoreRead.Damage"/>
    public string? Damage { get; init; }

    /// <summary>
    /// Whether the operation has happened, now or when it was sent before, or may have happened, or
    /// may happen yet. False where it has certainly changed nothing, and never will.
    /// </summary>
    public bool MayHaveHappened =>
        Outcome == WriteOutcome.Committed || (Outcome == WriteOutcome.Unavailable && Failure.IsUncertain());

    /// <summary>An answer of the store.</summary>
    public static StoreWrite Answered(
        WriteOutcome outcome,
        SessionVersion previous,
        SessionLease lease,
        int replicas = 0
    ) => new(outcome, previous, replicas, lease, StoreFailure.None);

    /// <summary>An answer of the store, as <see cref="StoredSession"/> gives it.</summary>
    /// <param name="answer">The answer.</param>
    /// <param name="lease">The lease of what is stored now; it is handed out where nothing has
    /// followed (<see cref="StoredAnswer.IsCurrent"/>).</param>
    public static StoreWrite Answered(in StoredAnswer answer, SessionLease lease) =>
        new(
            answer.Outcome,
            answer.Previous,
            0,
            answer.IsCurrent ? lease : SessionLease.None,
            answer.Outcome == WriteOutcome.Unavailable ? StoreFailure.TooLarge : StoreFailure.None,
            answer.IsBaseMissing,
            answer.Successor
        )
        {
            HasChanged = answer.HasChanged,
        };

    /// <inheritdoc cref="StoreRead.Damaged"/>
    public static StoreWrite Damaged(string what) => Unavailable(StoreFailure.Damaged) with { Damage = what };

    /// <summary>The store did not respond, or refused.</summary>
    public static StoreWrite Unavailable(StoreFailure failure) =>
        new(WriteOutcome.Unavailable, SessionVersion.None, 0, SessionLease.None, failure);
}
