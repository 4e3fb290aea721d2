using ClusterSession.Sessions;

namespace ClusterSession.Records;

/// <summary>
/// The version of a commit, and the last stamp that this process issued for the session before.
/// </summary>
/// <param name="Version">The version.</param>
/// <param name="After">
/// The stamp before it, whatever became of that one; the process issued none between.
/// </param>
internal readonly record struct IssuedVersion(SessionVersion Version, long After)
{
    /// <summary>Whether stamps are about to run out.</summary>
    public bool IsAtEnd => VersionIssuer.IsAtEnd(Version);
}
