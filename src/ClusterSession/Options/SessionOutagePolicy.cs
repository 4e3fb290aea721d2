namespace ClusterSession;

/// <summary>
/// What happens to a request whose session is known to no local copy while the store is not
/// responding.
/// </summary>
public enum SessionOutagePolicy
{
    /// <summary>
    /// It is answered with 503 and Retry-After. The default: a session is never replaced because a
    /// store was slow.
    /// </summary>
    Reject,

    /// <summary>
    /// It gets an empty session for this request alone, with <c>IsAvailable</c> false. What it
    /// writes is dropped, no cookie is set, and the real session is there again with the store.
    /// </summary>
    ServeEmpty,
}
