using System.Text.RegularExpressions;
using Xunit;

namespace ClusterSession.Tests.Architecture;

/// <summary>
/// Names of types are made of words that a reader knows: terms of the glossary, and those of
/// <c>TypeWords.txt</c>, words of English and of the field in their usual sense. Who needs
/// another one explains it in the glossary, or adds it there if nothing is to be explained.
/// </summary>
public sealed partial class TypeWordTests
{
    private const string List = "tests/ClusterSession.Tests/Architecture/TypeWords.txt";

    private static readonly HashSet<string> Glossary =
    [
        .. Term()
            .Matches(Repository.Read("docs/glossary.md"))
            .SelectMany(static term => Letters().Matches(term.Groups["term"].Value.ToLowerInvariant()))
            .Select(static word => word.Value),
    ];

    private static readonly string[] Listed =
    [
        .. Repository
            .Read(List)
            .Split('\n')
            .Where(static line => !line.StartsWith('#'))
            .SelectMany(static line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries)),
    ];

    [Fact]
    public void Types_are_named_by_words_of_the_glossary_and_of_the_field()
    {
        var known = Glossary.Concat(Listed).ToHashSet();
        var odd = Types()
            .SelectMany(static type => Words(type).Select(word => (Type: type, Word: word)))
            .Where(named => !Forms(named.Word).Any(known.Contains))
            .Select(static named => $"{named.Type}: '{named.Word}' is neither in docs/glossary.md nor in {List}.")
            .ToArray();
        Assert.True(odd.Length == 0, string.Join('\n', odd));
    }

    [Fact]
    public void Listed_words_are_in_order_and_each_is_needed()
    {
        Assert.Equal(Listed.Distinct().Order(StringComparer.Ordinal), Listed);
        var used = Types().SelectMany(Words).SelectMany(Forms).ToHashSet();
        Assert.DoesNotContain(Listed, word => !used.Contains(word));
        Assert.Empty(Listed.Intersect(Glossary));
    }

    /// <summary>All but those that a type keeps to itself.</summary>
    private static IEnumerable<string> Types() =>
        Repository
            .Files(".cs", "src")
            .SelectMany(static file => Repository.Code(file))
            .Select(static line => Declaration().Match(line))
            .Where(static declared => declared.Success)
            .Select(static declared => declared.Groups["name"].Value)
            .Distinct();

    private static IEnumerable<string> Words(string type) =>
        Hump()
            .Matches(Interface().IsMatch(type) ? type[1..] : type)
            .Select(static hump => hump.Value.ToLowerInvariant());

    /// <summary>As it stands, and the singular of a plural.</summary>
    private static IEnumerable<string> Forms(string word)
    {
        yield return word;
        if (word.EndsWith("ies", StringComparison.Ordinal))
        {
            yield return word[..^3] + "y";
        }

        if (word.EndsWith('s'))
        {
            yield return word[..^1];
            yield return word[..^2];
        }
    }

    [GeneratedRegex(@"^- \*\*(?<term>[^*]+)\*\*", RegexOptions.Multiline)]
    private static partial Regex Term();

    [GeneratedRegex("[a-z]+")]
    private static partial Regex Letters();

    [GeneratedRegex(
        @"^\s*(?:public|internal|protected|file) (?:(?:static|sealed|abstract|readonly|partial|ref|unsafe) )*"
            + @"(?:class|record struct|record|struct|interface|enum|delegate \S+) (?<name>\w+)"
    )]
    private static partial Regex Declaration();

    [GeneratedRegex("^I[A-Z][a-z]")]
    private static partial Regex Interface();

    [GeneratedRegex("[A-Z]+(?![a-z])|[A-Z][a-z]+|[0-9]+")]
    private static partial Regex Hump();
}
