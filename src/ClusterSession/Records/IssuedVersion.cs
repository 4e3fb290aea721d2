namespace ClusterSession.Records;

/// <summary>
/// The version of a commit, and the last stamp that this process issued for the session before.
/// </summary>
/// <param name="Version">The version.</param>
/// <param name="PreviousStamp">
/// The stamp before it, whatever became of that one; the process issued none between.
/// </param>
/// <param name="UnusedStamps">
/// Intervals of stamps that were issued for other sendings, and that the record may claim too:
/// under them the process has committed nothing that the record lacks. What was sent under them was
/// refused for certain, or was this same copy.
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
    public bool AreStampsRunningOut => VersionIssuer.AreStampsRunningOut(Version);
}
