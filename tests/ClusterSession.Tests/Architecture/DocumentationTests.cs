using System.Text;
using System.Text.RegularExpressions;
using ClusterSession.Redis;
using Xunit;

namespace ClusterSession.Tests.Architecture;

/// <summary>
/// Documentation goes stale because nothing fails when it does. Here something does.
/// </summary>
public sealed partial class DocumentationTests
{
    private static readonly Lazy<string> Sources = new(() =>
        string.Join(
            '\n',
            new[] { ".cs", ".csproj", ".props", ".targets", ".lua", ".slnx" }
                .SelectMany(extension => Repository.Files(extension))
                .Select(Repository.Read)
        )
    );

    private static readonly Lazy<List<byte[]>> Framework = new(() =>
        [
            .. ((string)AppContext.GetData("TRUSTED_PLATFORM_ASSEMBLIES")!)
                .Split(Path.PathSeparator)
                .Where(path =>
                    Path.GetFileName(path) is var name
                    && (
                        name.StartsWith("Microsoft.AspNetCore", StringComparison.Ordinal)
                        || name.StartsWith("Microsoft.Extensions", StringComparison.Ordinal)
                        || name.StartsWith("System.", StringComparison.Ordinal)
                    )
                )
                .Select(File.ReadAllBytes),
        ]
    );

    /// <summary>Names of types of other packages, which the pages speak of.</summary>
    private static readonly string[] Foreign = ["ConnectionMultiplexer", "WebApplicationFactory"];

    public static TheoryData<string> Pages => [.. Repository.Files(".md")];

    [Theory]
    [MemberData(nameof(Pages))]
    public void Relative_links_lead_somewhere(string page)
    {
        foreach (Match link in Link().Matches(WithoutBlocks(page)))
        {
            var target = link.Groups["target"].Value;
            if (
                target.Contains("://", StringComparison.Ordinal)
                || target.StartsWith("mailto:", StringComparison.Ordinal)
            )
            {
                continue;
            }

            var parts = target.Split('#', 2);
            var path =
                parts[0].Length == 0 ? Full(page) : Path.GetFullPath(parts[0], Path.GetDirectoryName(Full(page))!);
            Assert.True(
                File.Exists(path) || Directory.Exists(path),
                $"{page} links to {target}, which does not exist."
            );
            if (parts.Length == 2 && path.EndsWith(".md", StringComparison.Ordinal))
            {
                Assert.True(
                    Anchors(File.ReadAllText(path)).Contains(parts[1]),
                    $"{page} links to {target}, which has no such heading."
                );
            }
        }
    }

    [Theory]
    [MemberData(nameof(Pages))]
    public void Paths_that_are_named_exist(string page)
    {
        foreach (var code in Codes(page).Where(code => RepositoryPath().IsMatch(code)))
        {
            var path = code.TrimEnd('/').Split(':')[0];
            var pattern = "^" + Regex.Escape(path).Replace("\\*", "[^/]*") + "(/|$)";
            Assert.True(
                Repository.Files("").Any(file => Regex.IsMatch(file, pattern)),
                $"{page} names {code}, which does not exist."
            );
        }
    }

    [Theory]
    [MemberData(nameof(Pages))]
    public void Types_and_members_that_are_named_exist(string page)
    {
        foreach (var code in Codes(page).Where(code => TypeName().IsMatch(code)))
        {
            foreach (var name in Identifier().Matches(code.Split('(')[0]).Select(match => match.Value))
            {
                Assert.True(
                    Regex.IsMatch(Sources.Value, $@"\b{name}\b") || IsInFramework(name) || Foreign.Contains(name),
                    $"{page} names {code}, and there is no {name}."
                );
            }
        }
    }

    [Theory]
    [InlineData(typeof(ClusterSessionOptions))]
    [InlineData(typeof(LocalCopyOptions))]
    [InlineData(typeof(OutageOptions))]
    [InlineData(typeof(SessionKeyOptions))]
    [InlineData(typeof(RedisOptions))]
    [InlineData(typeof(ClusterSession.Failover.RaftCoordinatorOptions))]
    [InlineData(typeof(ClusterSession.Failover.FailoverOptions))]
    [InlineData(typeof(ClusterSession.Failover.FailoverMember))]
    public void Every_setting_stands_in_the_page_of_settings(Type options)
    {
        var page = Repository.Read("docs/settings.md");
        foreach (
            var setting in options.GetProperties().Where(property => property.CanWrite && property.Name != "Endpoints")
        )
        {
            Assert.True(
                Regex.IsMatch(page, $@"[`:]{setting.Name}[`:]"),
                $"docs/settings.md does not name {setting.Name}."
            );
        }
    }

    [Fact]
    public void Snippets_of_the_documentation_are_those_that_compile()
    {
        var compiled = Region()
            .Matches(Repository.Read("tests/ClusterSession.Tests/Architecture/Snippets.cs"))
            .Select(region => (Page: region.Groups["page"].Value.Trim(), Text: Dedented(region.Groups["text"].Value)))
            .Order()
            .ToArray();
        var written = Repository
            .Files(".md")
            .Where(page => !TranslationTests.IsTranslation(page))
            .SelectMany(page =>
                Block()
                    .Matches(Repository.Read(page))
                    .Select(block => (Page: page, Text: Dedented(block.Groups["text"].Value)))
            )
            .Order()
            .ToArray();
        Assert.NotEmpty(written);
        Assert.Equal(written, compiled);
    }

    private static string Full(string page) => Path.Combine(Repository.Root, page);

    private static IEnumerable<string> Codes(string page) =>
        InlineCode().Matches(WithoutBlocks(page)).Select(match => match.Groups["code"].Value).Distinct();

    private static string WithoutBlocks(string page) => AnyBlock().Replace(Repository.Read(page), "");

    private static HashSet<string> Anchors(string text)
    {
        var anchors = new HashSet<string>();
        foreach (Match heading in Heading().Matches(text))
        {
            var anchor = new string([
                .. heading
                    .Groups["text"]
                    .Value.Trim()
                    .ToLowerInvariant()
                    .Where(c => char.IsLetterOrDigit(c) || c is ' ' or '-' or '_'),
            ]).Replace(' ', '-');
            anchors.Add(anchor);
        }

        anchors.UnionWith(Anchor().Matches(text).Select(match => match.Groups["name"].Value));
        return anchors;
    }

    private static bool IsInFramework(string name)
    {
        var bytes = Encoding.UTF8.GetBytes(name + "\0");
        return Framework.Value.Any(assembly => assembly.AsSpan().IndexOf(bytes) >= 0);
    }

    private static string Dedented(string text)
    {
        var lines = text.Replace("\r", "")
            .Split('\n')
            .Select(line => line.TrimEnd())
            .SkipWhile(line => line.Length == 0)
            .Reverse()
            .SkipWhile(line => line.Length == 0)
            .Reverse()
            .ToArray();
        var indent = lines.Where(line => line.Length > 0).Min(line => line.Length - line.TrimStart().Length);
        return string.Join('\n', lines.Select(line => line.Length == 0 ? "" : line[indent..]));
    }

    [GeneratedRegex(@"\]\((?<target>[^)\s]+)\)")]
    private static partial Regex Link();

    [GeneratedRegex(@"(?<!`)`(?<code>[^`\n]+)`(?!`)")]
    private static partial Regex InlineCode();

    [GeneratedRegex(@"^(src|tests|docs|bench|samples|eng|deploy|\.github|\.ci)/[\w./*-]*(:\d+)?$")]
    private static partial Regex RepositoryPath();

    /// <summary>
    /// At least two humps, so that words and settings such as <c>Merge</c> or <c>Redis</c> are not
    /// taken for types.
    /// </summary>
    [GeneratedRegex(@"^I?[A-Z][a-z0-9]+[A-Z]\w*(<\w+>)?(\.[A-Z]\w+)*(\(.*\))?$")]
    private static partial Regex TypeName();

    [GeneratedRegex(@"[A-Za-z_]\w{2,}")]
    private static partial Regex Identifier();

    [GeneratedRegex(@"^```.*?^```", RegexOptions.Singleline | RegexOptions.Multiline)]
    private static partial Regex AnyBlock();

    [GeneratedRegex(@"^```csharp\n(?<text>.*?)^```", RegexOptions.Singleline | RegexOptions.Multiline)]
    private static partial Regex Block();

    [GeneratedRegex(@"#region (?<page>[^\n]+)\n(?<text>.*?)#endregion", RegexOptions.Singleline)]
    private static partial Regex Region();

    [GeneratedRegex(@"^#{1,6} (?<text>.+)$", RegexOptions.Multiline)]
    private static partial Regex Heading();

    [GeneratedRegex("<a (?:id|name)=\"(?<name>[^\"]+)\"")]
    private static partial Regex Anchor();
}
