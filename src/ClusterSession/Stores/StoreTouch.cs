using ClusterSession.Records;

namespace ClusterSession.Stores;

/// <summary>What became of a touch. It also says which version the store has: a copy of another one
/// is not current, whatever its lease says.</summary>
/// <param name="Outcome">The kind of answer.</param>
/// <param name="Failure">
/// Why there was no regular answer, for <see cref="StoreTouchOutcome.Unavailable"/>.
/// </param>
public readonly record struct StoreTouch(StoreTouchOutcome Outcome, StoreFailure Failure = StoreFailure.None)
{
    /// <inheritdoc cref="StoreRead.Damage"/>
    public string? Damage { get; init; }

    /// <summary>
    /// The version of the record, for <see cref="StoreTouchOutcome.Touched"/> and <see
    /// cref="StoreTouchOutcome.Kept"/>.
    /// </summary>
    public SessionVersion Version { get; init; }

    /// <summary>There is neither a record nor a tombstone.</summary>
    public static StoreTouch Missing { get; } = new(StoreTouchOutcome.Missing);

    /// <summary>The session was ended.</summary>
    public static StoreTouch Destroyed { get; } = new(StoreTouchOutcome.Destroyed);

    /// <inheritdoc cref="StoreRead.Damaged"/>
    public static StoreTouch Damaged(string what) => Unavailable(StoreFailure.Damaged) with { Damage = what };

    /// <summary>The session lives on, as long as the touch says.</summary>
    /// <param name="version">The version of the record.</param>
    public static StoreTouch Touched(SessionVersion version) => new(StoreTouchOutcome.Touched) { Version = version };

    /// <summary>
    /// The session lives on, and was left alone because enough of its life is left.
    /// </summary>
    /// <param name="version">The version of the record.</param>
    public static StoreTouch Kept(SessionVersion version) => new(StoreTouchOutcome.Kept) { Version = version };

    /// <summary>
    /// The store did not answer, or refused. This does not mean that the session is missing.
    /// </summary>
    /// <param name="failure">Why.</param>
    public static StoreTouch Unavailable(StoreFailure failure) => new(StoreTouchOutcome.Unavailable, failure);
}
