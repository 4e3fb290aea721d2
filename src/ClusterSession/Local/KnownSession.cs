using ClusterSession.Records;

namespace ClusterSession.Local;

/// <summary>
/// What this node knows of a session by itself: its copy, and what it has committed.
/// </summary>
/// <param name="Record">The session.</param>
/// <param name="State">How much of the session the record is. For a complete copy it is the state
/// of that copy, for anything else <see cref="CopyState.Incomplete"/> or <see
/// cref="CopyState.Diverged"/>.</param>
internal readonly record struct KnownSession(SessionRecord Record, CopyState State)
{
    /// <summary>Whether it is all that the store had under its version.</summary>
    public bool IsComplete => State <= CopyState.Stale;

    /// <summary>Whether a client may have seen something that is missing.</summary>
    public bool IsDiverged => State == CopyState.Diverged;
}
