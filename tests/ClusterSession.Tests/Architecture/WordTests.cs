using System.Text.RegularExpressions;
using Xunit;

namespace ClusterSession.Tests.Architecture;

/// <summary>
/// The pages, comments and messages use the terms of the field. Each pattern here stood for one of
/// them once: replay, restore, invalidation, not responding, notified, skip delays.
/// </summary>
public sealed partial class WordTests
{
    [Fact]
    public void Pages_and_comments_use_no_private_words()
    {
        var found = new[] { ".cs", ".md", ".lua" }
            .SelectMany(static extension => Repository.Files(extension))
            .Where(static file => !file.EndsWith(nameof(WordTests) + ".cs", StringComparison.Ordinal))
            .SelectMany(file =>
                Repository
                    .Read(file)
                    .Split('\n')
                    .Select((line, index) => (Place: $"{file}:{index + 1}", Match: Private().Match(line)))
                    .Where(static line => line.Match.Success)
                    .Select(static line => $"{line.Place} ({line.Match.Value})")
            )
            .ToArray();
        Assert.True(found.Length == 0, string.Join('\n', found));
    }

    [GeneratedRegex(
        @"give[sn]? back|\bnews\b|no answer|is told|stumbled|hurry|whoever|beside it|made on top",
        RegexOptions.IgnoreCase
    )]
    private static partial Regex Private();
}
