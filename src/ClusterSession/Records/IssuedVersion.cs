namespace ClusterSession.Records;

/// <summary>
/// The version of a commit, and the last stamp that this process issued for the session before.
/// </summary>
/// <param name="Version">The version.</param>
/// <param name="PreviousStamp">
/// The stamp before it, whatever became of that one; the process issued none between.
/// </param>
/// <param name="UnusedStamps">
/// Intervals of stamps that were issued before and refused for certain: the process has committed
/// nothing in them, so that any record contains all of it.
/// </param>
internal readonly record struct IssuedVersion(
    SessionVersion Version,
    long PreviousStamp,
    ReadOnlyMemory<byte> UnusedStamps = default
)
{
    /// <summary>The <see cref="PreviousStamp"/> where it is not known.</summary>
    public const long Unknown = -1;

    /// <summary>Whether stamps are about to run out.</summary>
    public bool IsAtEnd => VersionIssuer.IsAtEnd(Version);
}
