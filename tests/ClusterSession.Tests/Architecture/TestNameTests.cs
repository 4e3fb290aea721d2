using System.Text.RegularExpressions;
using Xunit;

namespace ClusterSession.Tests.Architecture;

/// <summary>
/// The name of a test is a sentence that a reader takes in at once. The pages say of each promise
/// which test proves it: that test exists.
/// </summary>
public sealed partial class TestNameTests
{
    private const int MaxLength = 90;

    private static readonly Lazy<HashSet<string>> Tests = new(() =>
        [
            .. Repository
                .Files(".cs", "tests")
                .SelectMany(file => Method().Matches(Repository.Read(file)))
                .Select(method => method.Groups["name"].Value),
        ]
    );

    public static TheoryData<string> Pages => [.. Repository.Files(".md")];

    [Fact]
    public void Names_are_at_most_90_characters_long() =>
        Assert.DoesNotContain(Tests.Value, static name => name.Contains('_') && name.Length > MaxLength);

    [Theory]
    [MemberData(nameof(Pages))]
    public void Tests_that_are_named_exist(string page) =>
        Assert.All(
            Sentence().Matches(Repository.Read(page)).Select(sentence => sentence.Groups["name"].Value).Distinct(),
            name => Assert.Contains(name, Tests.Value)
        );

    [GeneratedRegex(@"public (?:(?:async|override|virtual|static) )*(?:Task|ValueTask|void) (?<name>\w+)\(")]
    private static partial Regex Method();

    /// <summary>
    /// A test's name is a sentence: two underscores at least. A path or a setting has none or is
    /// written otherwise.
    /// </summary>
    [GeneratedRegex(@"`(?<name>[A-Z]\w*[a-z]\w*_\w+_\w+)`")]
    private static partial Regex Sentence();
}
