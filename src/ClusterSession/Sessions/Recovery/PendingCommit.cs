namespace ClusterSession.Sessions.Recovery;

/// <summary>A commit that was never sent.</summary>
/// <param name="Delta">What it changes.</param>
/// <param name="After">The last stamp that was issued for the session before.</param>
/// <param name="Opened">What the request had opened.</param>
internal sealed record PendingCommit(SessionDelta Delta, long After, SessionRecord Opened);
