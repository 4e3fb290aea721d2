using ClusterSession.Records;

namespace ClusterSession.Local;

/// <summary>The only commit of a session that is pending: it can be sent as it is.</summary>
/// <param name="Delta">What it changes.</param>
/// <param name="Version">Its version.</param>
/// <param name="Opened">What the request had opened.</param>
/// <param name="Forgotten">The tombstones that it drops.</param>
internal sealed record OnlyCommit(
    SessionDelta Delta,
    IssuedVersion Version,
    SessionRecord Opened,
    IReadOnlyList<string> Forgotten
);
