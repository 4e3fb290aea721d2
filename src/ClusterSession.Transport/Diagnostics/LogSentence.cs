using ClusterSession.Transport.Options;

namespace ClusterSession.Transport.Diagnostics;

/// <summary>
/// Reasons as sentences of a log line that names the server already: said once, on one line, with
/// one full stop.
/// </summary>
internal static class LogSentence
{
    /// <summary>Why a server cannot be used, behind a sentence that names it.</summary>
    public static string Of(ServerAddress address, Exception failure)
    {
        var text = failure.Message;
        foreach (var prefix in new[] { $"No connection to {address}: ", $"The connection to {address} was closed: " })
        {
            text = text.StartsWith(prefix, StringComparison.Ordinal) ? text[prefix.Length..] : text;
        }

        // "Receiving failed" alone helps nobody.
        return failure.InnerException is IOException cause && !text.Contains(cause.Message, StringComparison.Ordinal)
            ? $"{Of(text)} {Of(cause.Message)}"
            : Of(text);
    }

    /// <summary>The text as a sentence.</summary>
    public static string Of(string text)
    {
        var line = text.ReplaceLineEndings(" ").Trim();
        if (line is "")
        {
            return "No reason is known.";
        }

        // The name of a host keeps its case.
        var isHost = line.Split(' ')[0].Contains(':', StringComparison.Ordinal);
        var first = isHost ? line[0] : char.ToUpperInvariant(line[0]);
        return $"{first}{line[1..]}{(line[^1] is '.' or '!' or '?' ? "" : ".")}";
    }
}
