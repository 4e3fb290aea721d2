using System.Globalization;

namespace ClusterSession.ChaosNode;

/// <summary>
/// Prints a version so that comparing texts of the writer compares its number: fixed width.
/// </summary>
internal static class VersionText
{
    public static string? Of(IClusterSession session) =>
        session.Version.IsNone
            ? null
            : string.Create(CultureInfo.InvariantCulture, $"{session.Version.Stamp}/{session.Version.Writer:x12}");
}
