namespace ClusterSession.Stores;

/// <summary>One page of the sessions that a store has.</summary>
/// <param name="Sessions">The sessions; empty where the store does not respond.</param>
/// <param name="Next">The cursor of the next page; null if this is the last one.</param>
/// <param name="Failure">
/// Why it was not done; then the same cursor may be asked for again.
/// </param>
public sealed record SessionListing(
    IReadOnlyList<ListedSession> Sessions,
    string? Next,
    StoreFailure Failure = StoreFailure.None
)
{
    /// <summary>The answer that says that there is none.</summary>
    /// <param name="cursor">What was asked for.</param>
    /// <param name="failure">Why it was not done.</param>
    public static SessionListing Unavailable(string? cursor, StoreFailure failure) => new([], cursor, failure);
}
