using System.Text.RegularExpressions;
using Xunit;

namespace ClusterSession.Tests.Architecture;

/// <summary>
/// The pages, comments and messages use the terms of the field. Each pattern here stood for one of
/// them once: replay, restore, invalidation, not responding, notified, skip delays.
/// </summary>
public sealed partial class WordTests
{
    // A blank, or the end of a line and the beginning of the next, of a comment or a text in parts.
    private const string Gap = "[\\s/+\"$*-]+";

    [Fact]
    public void Pages_and_comments_use_no_private_words()
    {
        var found = new[] { ".cs", ".md", ".lua", ".js", ".css" }
            .SelectMany(static extension => Repository.Files(extension))
            .Where(static file => !file.EndsWith(nameof(WordTests) + ".cs", StringComparison.Ordinal))
            .SelectMany(static file =>
                Private()
                    .Matches(Repository.Read(file))
                    .Select(match => $"{file}:{LineOf(match, file)} ({match.Value})")
            )
            .ToArray();
        Assert.True(found.Length == 0, string.Join('\n', found));
    }

    private static int LineOf(Match match, string file) => Repository.Read(file).AsSpan(0, match.Index).Count('\n') + 1;

    [GeneratedRegex(
        "give[sn]?"
            + Gap
            + "back|\\bnews\\b|\\bno"
            + Gap
            + "answer|\\bis"
            + Gap
            + "told|stumbled|hurry|whoever|"
            + "beside"
            + Gap
            + "it\\b|made"
            + Gap
            + "on"
            + Gap
            + "top",
        RegexOptions.IgnoreCase
    )]
    private static partial Regex Private();
}
