using ClusterSession.Sessions;

namespace ClusterSession.Records;

/// <summary>The version of a commit, and the last stamp that this process issued for the session before.</summary>
/// <param name="Version">The version.</param>
/// <param name="After">The stamp before it, whatever became of that one; the process issued none between.</param>
internal readonly record struct IssuedVersion(SessionVersion Version, long After)
{
    private const long Margin = 1L << 32;

    /// <summary>Whether stamps are about to run out: a clock beyond the year 2255 has written to the session.</summary>
    public bool IsAtEnd => Version.Stamp > SessionVersion.MaxStamp - Margin;
}
