namespace ClusterSession.Records;

/// <summary>
/// The version of a commit, and the last stamp that this process issued for the session before.
/// </summary>
/// <param name="Version">The version.</param>
/// <param name="After">
/// The stamp before it, whatever became of that one; the process issued none between.
/// </param>
/// <param name="Void">
/// Intervals of stamps that were issued before and refused for certain: the process has committed
/// nothing in them, so that any record contains all of it.
/// </param>
internal readonly record struct IssuedVersion(SessionVersion Version, long After, ReadOnlyMemory<byte> Void = default)
{
    /// <summary>Whether stamps are about to run out.</summary>
    public bool IsAtEnd => VersionIssuer.IsAtEnd(Version);
}
