using System.Globalization;

namespace ClusterSession.Diagnostics;

/// <summary>
/// How often an event has happened since its last line, as the end of that line: a sentence with
/// the blank before it, or nothing for a single time.
/// </summary>
internal readonly record struct LogCount(long Times)
{
    public override string ToString() =>
        Times > 1
            ? string.Create(
                CultureInfo.InvariantCulture,
                $" Happened {Times} times since the last message of this kind."
            )
            : "";
}
