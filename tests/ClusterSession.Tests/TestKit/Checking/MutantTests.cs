using ClusterSession.Histories;
using ClusterSession.Histories.Checking;
using ClusterSession.Tests.Records;
using ClusterSession.Tests.TestKit.Checking.Model;
using Xunit;

namespace ClusterSession.Tests.TestKit.Checking;

/// <summary>
/// One wrong event in a good history must be found every time, and by the rule that is meant for
/// it.
/// </summary>
public sealed class MutantTests(ITestOutputHelper output)
{
    private static readonly Lazy<IReadOnlyList<History>> Histories = new(() =>
        [.. Enumerable.Range(0, ModelHistoryTests.Seeds).Select(seed => HistoryModel.Generate(seed))]
    );

    public static TheoryData<string> Mutations() => [.. ReadMutations.All.Concat(RunMutations.All).Select(m => m.Name)];

    [Theory]
    [MemberData(nameof(Mutations))]
    public void Every_mutant_is_found(string name)
    {
        var mutation = ReadMutations.All.Concat(RunMutations.All).Single(m => m.Name == name);
        var checker = new HistoryChecker(ModelHistoryTests.NoMinimum);
        var tried = 0;
        foreach (var history in Histories.Value)
        {
            var seed = history.Run.Seed;
            if (mutation.Apply(history, new Random(seed)) is not { } broken)
            {
                continue;
            }
            tried++;
            var verdict = checker.Check(broken);
            Assert.True(
                verdict.Outcome == VerdictOutcome.Failed && mutation.Rules.Any(verdict.Found),
                $"{name}, seed {seed}: not found\n{verdict}"
            );
        }
        output.WriteLine($"{name}: {tried} mutants, all found");
        Assert.True(tried >= 5, $"Only {tried} of {Histories.Value.Count} histories had a place for this mutant.");
    }
}
