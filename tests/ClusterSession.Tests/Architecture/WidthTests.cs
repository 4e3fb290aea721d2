using System.Text.RegularExpressions;
using Xunit;

namespace ClusterSession.Tests.Architecture;

/// <summary>
/// Code is at most 120 columns wide, comments and Markdown at most 100. The layout of code is made
/// by CSharpier (<c>.csharpierrc.yaml</c>), which leaves comments and long texts alone.
/// </summary>
public sealed partial class WidthTests
{
    private const int Code = 120;
    private const int Prose = 100;

    /// <summary>
    /// How many lines are still wider. None may grow.
    /// </summary>
    private static readonly Dictionary<string, int> Remaining = new()
    {
        ["bench/ClusterSession.MacroBenchmarks"] = 41,

        ["eng/Processes"] = 4,
        ["samples/FullCluster"] = 1,

        ["samples/ShopCluster"] = 11,

        ["tests/ClusterSession.ChaosNode"] = 2,
        ["tests/ClusterSession.ChaosTests"] = 9,
        ["tests/ClusterSession.Cli.Tests"] = 1,
        ["tests/ClusterSession.Histories"] = 11,
        ["tests/ClusterSession.IntegrationTests"] = 12,
        ["tests/ClusterSession.TestKit"] = 22,
        ["tests/ClusterSession.Tests"] = 27,
    };

    public static TheoryData<string> Folders =>
        [.. Repository.Files(".cs").Concat(Repository.Files(".md")).Select(Folder).Distinct()];

    [Theory]
    [MemberData(nameof(Folders))]
    public void Lines_are_no_wider_than_a_reader_can_follow(string folder)
    {
        var wide = Repository
            .Files(".cs")
            .Concat(Repository.Files(".md"))
            .Where(file => Folder(file) == folder)
            .SelectMany(Wide)
            .ToArray();
        var remaining = Remaining.GetValueOrDefault(folder);
        Assert.True(
            wide.Length <= remaining,
            $"{folder} has {wide.Length} lines that are too wide, and {remaining} are noted:\n{string.Join('\n', wide)}"
        );
    }

    private static string Folder(string file) =>
        file.Split('/') is { Length: > 2 } parts ? $"{parts[0]}/{parts[1]}" : file.Split('/')[0];

    private static IEnumerable<string> Wide(string file)
    {
        var isMarkdown = file.EndsWith(".md", StringComparison.Ordinal);
        var isFenced = false;
        foreach (var (line, number) in Repository.Read(file).Split('\n').Select((line, i) => (line, i + 1)))
        {
            isFenced ^= isMarkdown && line.TrimStart().StartsWith("```", StringComparison.Ordinal);
            var most = isFenced || !(isMarkdown || Comment().IsMatch(line)) ? Code : Prose;
            if (line.Length > most && !(isMarkdown && Unbroken().IsMatch(line)))
            {
                yield return $"{file}:{number} ({line.Length})";
            }
        }
    }

    [GeneratedRegex(@"^\s*//")]
    private static partial Regex Comment();

    /// <summary>
    /// What Markdown cannot break: a row of a table, a heading, a picture, the target of a link.
    /// </summary>
    [GeneratedRegex(@"^\s*(\||#|!\[|\[[^\]]+\]: |- \[[^\]]*\]\([^)]*\)\S*$)")]
    private static partial Regex Unbroken();
}
