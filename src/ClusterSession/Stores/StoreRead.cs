using ClusterSession.Records;

namespace ClusterSession.Stores;

/// <summary>What a read found.</summary>
/// <param name="Outcome">The kind of answer.</param>
/// <param name="Record">The session, for <see cref="StoreReadOutcome.Found"/>.</param>
/// <param name="Lease">How long the answer may be relied on.</param>
/// <param name="Failure">Why there was no regular answer, for
/// <see cref="StoreReadOutcome.Unavailable"/>.</param>
/// <param name="RemainingLife">
/// How long the store keeps the session from now on if nothing else happens, for <see
/// cref="StoreReadOutcome.Found"/> and
/// <see cref="StoreReadOutcome.Unchanged"/>. Null: the store keeps it without end, and no node
/// refuses it as idle. For <see cref="StoreReadOutcome.Destroyed"/> how long it keeps the
/// tombstone.
/// </param>
/// <param name="Successor">For <see cref="StoreReadOutcome.Destroyed"/>: under what the session
/// goes on, if it was rotated.</param>
public readonly record struct StoreRead(
    StoreReadOutcome Outcome,
    SessionRecord? Record,
    SessionLease Lease,
    StoreFailure Failure,
    TimeSpan? RemainingLife = null,
    SessionSuccessor? Successor = null
)
{
    /// <summary>
    /// What is wrong with what is stored, in words for the log that carry nothing of the content;
    /// or null. Also where an answer could be given all the same.
    /// </summary>
    public string? Damage { get; init; }

    /// <summary>The session is there.</summary>
    public static StoreRead Found(SessionRecord record, SessionLease lease, TimeSpan? remainingLife) =>
        new(StoreReadOutcome.Found, record, lease, StoreFailure.None, remainingLife);

    /// <summary>The session still has the version the caller knows.</summary>
    public static StoreRead Unchanged(SessionLease lease, TimeSpan? remainingLife) =>
        new(StoreReadOutcome.Unchanged, null, lease, StoreFailure.None, remainingLife);

    /// <summary>There is no record and no tombstone.</summary>
    public static StoreRead Missing(SessionLease lease) =>
        new(StoreReadOutcome.Missing, null, lease, StoreFailure.None);

    /// <summary>There is the tombstone of a session that was ended.</summary>
    public static StoreRead Destroyed { get; } =
        new(StoreReadOutcome.Destroyed, null, SessionLease.None, StoreFailure.None);

    /// <summary>There is the tombstone of a session that was rotated, or ended.</summary>
    public static StoreRead DestroyedBy(SessionSuccessor? successor, TimeSpan? remainingLife) =>
        new(StoreReadOutcome.Destroyed, null, SessionLease.None, StoreFailure.None, remainingLife, successor);

    /// <summary>What is stored is not to be used.</summary>
    /// <param name="what">See <see cref="Damage"/>.</param>
    public static StoreRead Damaged(string what) => Unavailable(StoreFailure.Damaged) with { Damage = what };

    /// <summary>The store did not respond, or refused.</summary>
    public static StoreRead Unavailable(StoreFailure failure) =>
        new(StoreReadOutcome.Unavailable, null, SessionLease.None, failure);
}
