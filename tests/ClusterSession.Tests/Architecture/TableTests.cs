using System.Text.RegularExpressions;
using Xunit;

namespace ClusterSession.Tests.Architecture;

/// <summary>
/// A cell of a table is a sentence, the tests of the guarantees stand below, and what the
/// comparison with others says can be looked up.
/// </summary>
public sealed partial class TableTests
{
    private const string Comparison = "docs/comparison.md";
    private const string Guarantees = "docs/guarantees.md";
    private const int Longest = 200;

    /// <summary>
    /// How many cells are still longer. None may be added.
    /// </summary>
    private static readonly Dictionary<string, int> Remaining = new()
    {
        ["SECURITY.md"] = 1,
        ["bench/README.md"] = 3,
        ["src/ClusterSession.Failover/README.md"] = 1,
    };

    public static TheoryData<string> Pages => [.. Repository.Files(".md")];

    [Theory]
    [MemberData(nameof(Pages))]
    public void Cells_are_no_longer_than_a_sentence(string page)
    {
        var longer = Rows(page)
            .SelectMany(static row => row)
            .Where(static cell => cell.Length > Longest)
            .Select(static cell => $"{cell.Length} characters: {cell}")
            .ToArray();
        var remaining = Remaining.GetValueOrDefault(page);
        Assert.True(
            longer.Length <= remaining,
            $"{page} has {longer.Length} cells too long, and {remaining} are noted:\n{string.Join('\n', longer)}"
        );
    }

    [Theory]
    [InlineData(Comparison)]
    [InlineData(Guarantees)]
    [InlineData("docs/when-it-fails.md")]
    public void Cells_are_found(string page) => Assert.NotEmpty(Rows(page));

    [Fact]
    public void Every_row_of_the_guarantees_has_its_tests_below()
    {
        var sections = Section().Split(Repository.Read(Guarantees));
        Assert.True(sections.Length > 10, $"Only {sections.Length} sections.");
        Assert.All(sections, section =>
        {
            var rows = Row().Matches(section).Select(Number).ToArray();
            var proved = Proof().Matches(section).Select(Number).Distinct();
            var isDurability = section.StartsWith("### By durability", StringComparison.Ordinal);
            Assert.Equal(Enumerable.Range(1, rows.Length), rows);
            Assert.Equal(rows.Where(row => !(isDurability && row == 4)), proved); // No test has that fault.
        });
    }

    [Fact]
    public void Every_cell_of_the_comparison_leads_to_where_it_can_be_looked_up()
    {
        var rows = Rows(Comparison).Skip(2).ToArray();
        Assert.True(rows.Length > 10, $"Only {rows.Length} rows.");
        Assert.All(rows, row =>
        {
            Assert.Equal(6, row.Length);
            Assert.All(row[1..], cell => Assert.Matches(Link(), cell));
            Assert.DoesNotContain("][", row[1], StringComparison.Ordinal); // Ours is a page of ours.
        });
    }

    [Theory]
    [MemberData(nameof(Pages))]
    public void References_of_links_are_defined_and_used(string page)
    {
        var text = Repository.Read(page);
        Assert.Equal(
            Definition().Matches(text).Select(Name).Order(StringComparer.Ordinal),
            Reference().Matches(text).Select(Name).Distinct().Order(StringComparer.Ordinal)
        );
    }

    private static string Name(Match match) => match.Groups["name"].Value;

    private static int Number(Match match) => int.Parse(match.Groups["number"].Value, null);

    private static IEnumerable<string[]> Rows(string page) =>
        Repository
            .Read(page)
            .Split('\n')
            .Where(static line => line.StartsWith('|'))
            .Select(static line => line.Trim().Trim('|').Split('|', StringSplitOptions.TrimEntries));

    [GeneratedRegex("^(?=#{2,3} )", RegexOptions.Multiline)]
    private static partial Regex Section();

    [GeneratedRegex(@"^\| (?<number>[0-9]+) \|", RegexOptions.Multiline)]
    private static partial Regex Row();

    [GeneratedRegex(@"^- \[?(?<number>[0-9]+), ", RegexOptions.Multiline)]
    private static partial Regex Proof();

    [GeneratedRegex(@"\](\[[a-z]|\()")]
    private static partial Regex Link();

    [GeneratedRegex(@"^\[(?<name>[^\]]+)\]: ", RegexOptions.Multiline)]
    private static partial Regex Definition();

    [GeneratedRegex(@"\]\[(?<name>[^\]]+)\]")]
    private static partial Regex Reference();
}
