using System.Text.RegularExpressions;

namespace ClusterSession.Cli.Generating;

/// <summary>Texts that are put together of parts, some of which may be empty.</summary>
internal static partial class GeneratedText
{
    /// <summary>
    /// Without blanks at the end of lines, without two empty lines in a row, with one end of line.
    /// </summary>
    public static string Clean(string text) => Empty().Replace(Blank().Replace(text, ""), "\n\n").Trim('\n') + "\n";

    [GeneratedRegex("[ \t]+(?=\n)")]
    private static partial Regex Blank();

    [GeneratedRegex("\n{3,}")]
    private static partial Regex Empty();
}
