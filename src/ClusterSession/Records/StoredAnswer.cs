namespace ClusterSession.Records;

/// <summary>What a step of <see cref="StoredSession"/> answers.</summary>
/// <param name="Outcome">What became of it; <see cref="WriteOutcome.Unavailable"/>: the record
/// would become too large.</param>
/// <param name="Previous">
/// The version that was stored before; for <see cref="WriteOutcome.Superseded"/> the one that still
/// is, for <see cref="WriteOutcome.Destroyed"/> that of the end.
/// </param>
/// <param name="IsCurrent">
/// Whether nothing has followed what this step made, or had made before, so that the store may hand
/// out a lease. What is stored equals the caller's copy only where <paramref name="Previous"/> is
/// the copy's base or, for <see cref="WriteOutcome.Unchanged"/>, the copy's own version.
/// </param>
/// <param name="IsBaseMissing">
/// Whether a commit was applied to a record that does not contain its base.
/// </param>
/// <param name="Successor">
/// For <see cref="WriteOutcome.Destroyed"/>: under what the session goes on, if its id was rotated.
/// </param>
/// <param name="HasChanged">
/// Whether this very step changes what is stored: not if it had happened before.
/// </param>
public readonly record struct StoredAnswer(
    WriteOutcome Outcome,
    SessionVersion Previous,
    bool IsCurrent = false,
    bool IsBaseMissing = false,
    SessionSuccessor? Successor = null,
    bool HasChanged = false
);
