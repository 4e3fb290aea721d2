using ClusterSession.Records;

namespace ClusterSession.Local;

/// <summary>A commit that was never sent.</summary>
/// <param name="Delta">What it changes.</param>
/// <param name="Version">Its version.</param>
/// <param name="Opened">What the request had opened.</param>
/// <param name="Forgotten">The tombstones that it drops.</param>
internal sealed record PendingCommit(
    SessionDelta Delta,
    IssuedVersion Version,
    SessionRecord Opened,
    IReadOnlyList<string> Forgotten
);
