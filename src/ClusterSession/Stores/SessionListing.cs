namespace ClusterSession.Stores;

/// <summary>One page of the sessions that a store has.</summary>
/// <param name="Sessions">The sessions; empty where the store does not respond.</param>
/// <param name="Next">The cursor of the next page; null if this is the last one.</param>
/// <param name="Failure">
/// Why there was no regular answer; then the same cursor may be asked for again.
/// </param>
public sealed record SessionListing(
    IReadOnlyList<ListedSession> Sessions,
    string? Next,
    StoreFailure Failure = StoreFailure.None
)
{
    /// <summary>
    /// The store did not answer, or refused. This does not mean that there are no sessions.
    /// </summary>
    /// <param name="cursor">What was asked for.</param>
    /// <param name="failure">Why there was no regular answer.</param>
    public static SessionListing Unavailable(string? cursor, StoreFailure failure) => new([], cursor, failure);
}
