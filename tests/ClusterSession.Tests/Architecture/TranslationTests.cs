using System.Text.RegularExpressions;
using Xunit;

namespace ClusterSession.Tests.Architecture;

/// <summary>
/// A translation names the pages it was made of in the first links below its heading. Commands,
/// code, settings, links and figures are theirs, so that a page that changes takes its translation
/// along.
/// </summary>
public sealed partial class TranslationTests
{
    public static TheoryData<string> Pages => [.. Repository.Files(".md").Where(IsTranslation)];

    [Theory]
    [MemberData(nameof(Pages))]
    public void Blocks_of_code_are_those_of_the_original(string page)
    {
        var originals = Blocks(Originals(page)).ToHashSet();
        Assert.All(
            Block().Matches(Repository.Read(page)).Where(block => block.Groups["language"].Value != Picture),
            block => Assert.Contains(block.Groups["text"].Value, originals)
        );
    }

    [Theory]
    [MemberData(nameof(Pages))]
    public void Names_in_code_are_those_of_the_original(string page)
    {
        var original = Space().Replace(Originals(page), " ");
        Assert.All(Code().Matches(Prose(page)).Select(code => code.Value.Trim('`')), code =>
            Assert.True(original.Contains(code), $"{page} says {code}, and its original does not.")
        );
    }

    [Theory]
    [MemberData(nameof(Pages))]
    public void Figures_are_those_of_the_original(string page)
    {
        var original = Figures(Originals(page)).ToHashSet();
        Assert.All(Figures(Steps().Replace(Links().Replace(Prose(page), "]"), "")), figure =>
            Assert.True(original.Contains(figure), $"{page} says {figure}, and its original does not.")
        );
    }

    [Theory]
    [MemberData(nameof(Pages))]
    public void Links_are_those_of_the_original_or_lead_to_translations(string page)
    {
        var originals = OriginalsOf(page);
        var known = originals.SelectMany(LinksOf).Select(PageOf).Concat(originals).ToHashSet();
        Assert.All(LinksOf(page).Select(PageOf).Where(link => !IsTranslation(link)), link =>
            Assert.True(known.Contains(link), $"{page} links to {link}, and its original does not.")
        );
    }

    [Fact]
    public void Translations_exist() => Assert.NotEmpty(Pages);

    /// <summary>Pictures are drawn anew, with other words.</summary>
    private const string Picture = "text";

    internal static bool IsTranslation(string page) => page.Contains("zh-CN", StringComparison.Ordinal);

    private static List<string> OriginalsOf(string page) =>
        [.. Links().Matches(Header(page)).Select(link => Resolve(page, link.Groups["target"].Value))];

    private static string Originals(string page) => string.Join('\n', OriginalsOf(page).Select(Repository.Read));

    /// <summary>What is between the heading and the first paragraph.</summary>
    private static string Header(string page) => Repository.Read(page).Split("\n\n")[1];

    private static IEnumerable<string> LinksOf(string page) =>
        Links()
            .Matches(Repository.Read(page))
            .Select(link => Resolve(page, link.Groups["target"].Value))
            .Where(link => link.Length > 0);

    private static string PageOf(string link) => link.Split('#')[0];

    private static string Resolve(string page, string target)
    {
        if (target.Contains("://", StringComparison.Ordinal) || target.StartsWith('#'))
        {
            return target.StartsWith('#') ? page + target : "";
        }

        var folder = Path.GetDirectoryName(Path.Combine(Repository.Root, page))!;
        var parts = target.Split('#', 2);
        var path = Path.GetRelativePath(Repository.Root, Path.GetFullPath(parts[0], folder));
        return parts.Length == 2 ? $"{path}#{parts[1]}" : path;
    }

    private static IEnumerable<string> Blocks(string text) =>
        Block().Matches(text).Select(block => block.Groups["text"].Value);

    private static string Prose(string page) => Block().Replace(Repository.Read(page), "");

    private static IEnumerable<string> Figures(string text) => Figure().Matches(text).Select(figure => figure.Value);

    [GeneratedRegex(@"^```(?<language>\w*)\n(?<text>.*?)^```", RegexOptions.Multiline | RegexOptions.Singleline)]
    private static partial Regex Block();

    [GeneratedRegex("`[^`\n]+`")]
    private static partial Regex Code();

    [GeneratedRegex(@"\]\((?<target>[^)\s]+)\)")]
    private static partial Regex Links();

    [GeneratedRegex(@"\s+")]
    private static partial Regex Space();

    [GeneratedRegex(@"\d[\d,.]*\d|\d")]
    private static partial Regex Figure();

    [GeneratedRegex(@"^(#+ )?\d\. ", RegexOptions.Multiline)]
    private static partial Regex Steps();
}
