namespace ClusterSession.Stores;

/// <summary>
/// Lists the sessions that a store has, for tools that look at all of them; nothing in the way of a
/// request uses it. A store that can list sessions returns this from
/// <see cref="IClusterSessionStore.Directory"/>.
/// </summary>
public interface ISessionDirectory
{
    /// <summary>
    /// One page of the sessions. A session that is stored from the first page to the last is on one
    /// of them at least, perhaps on several; one that has ended before the first page is on none.
    /// What comes, ends or moves meanwhile may be there or not.
    /// </summary>
    /// <param name="cursor">
    /// Null for the first page; else what the page before named. Another store, or the same one
    /// after its servers have changed, may not know it: then the listing begins anew.
    /// </param>
    /// <param name="pageSize">
    /// About how many on a page, 1 to 1,000; a page may hold fewer, also none, while others follow.
    /// </param>
    /// <param name="deadline">When the caller stops waiting.</param>
    ValueTask<SessionListing> ListAsync(string? cursor, int pageSize, StoreDeadline deadline);
}
