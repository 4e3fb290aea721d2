using ClusterSession.Histories.Checking;
using ClusterSession.Tests.Records;
using ClusterSession.Tests.TestKit.Checking.Model;
using Xunit;

namespace ClusterSession.Tests.TestKit.Checking;

/// <summary>
/// A checker that cries wolf is as useless as one that sleeps: what a correct system may produce is
/// never flagged.
/// </summary>
public sealed class ModelHistoryTests
{
    internal static readonly CheckOptions NoMinimum = CheckOptions.Default with { MinimumCrossNodeReads = 0 };

    /// <summary>How many seeds are tried: more in the long version.</summary>
    internal static int Seeds { get; } = Environment.GetEnvironmentVariable("CLUSTERSESSION_LONG") == "1" ? 1000 : 60;

    [Fact]
    public void A_correct_history_is_never_flagged()
    {
        for (var seed = 0; seed < Seeds; seed++)
        {
            var verdict = new HistoryChecker(NoMinimum).Check(HistoryModel.Generate(seed));
            Assert.True(verdict.Outcome == VerdictOutcome.Passed, $"seed {seed}\n{verdict}");
        }
    }

    [Fact]
    public void A_correct_history_is_not_flagged_either_where_versions_are_not_shown()
    {
        for (var seed = 0; seed < Seeds; seed++)
        {
            var history = HistoryModel.Generate(seed);
            var blackBox = history.With(
                history.Events.Select(e =>
                    e with
                    {
                        TokenSent = null,
                        TokenReceived = null,
                        Served = null,
                        Committed = null,
                    }
                )
            );
            var verdict = new HistoryChecker(NoMinimum).Check(blackBox);
            Assert.True(verdict.Outcome == VerdictOutcome.Passed, $"seed {seed}\n{verdict}");
        }
    }

    [Fact]
    public void A_correct_history_of_the_stronger_system_is_linearizable_too()
    {
        var options = NoMinimum with { DemandLinearizability = true, StalenessLimit = TimeSpan.Zero };
        for (var seed = 0; seed < Seeds; seed++)
        {
            var verdict = new HistoryChecker(options).Check(HistoryModel.Generate(seed, alwaysFresh: true));
            Assert.True(verdict.Outcome == VerdictOutcome.Passed, $"seed {seed}\n{verdict}");
        }
    }

    [Fact]
    public void The_weaker_system_shows_what_is_only_measured_so_the_measure_is_not_blind()
    {
        var seen = new HashSet<string>();
        for (var seed = 0; seed < 50; seed++)
        {
            var verdict = new HistoryChecker(NoMinimum).Check(HistoryModel.Generate(seed));
            seen.UnionWith(
                verdict
                    .Results.SelectMany(r => r.Violations)
                    .Where(v => v.Class == OutcomeClass.Measured)
                    .Select(v => v.Rule)
            );
        }
        Assert.Contains("NOT-LINEARIZABLE", seen);
        Assert.Contains("READ-YOUR-WRITES", seen); // of parallel clients whose jar was overtaken
        Assert.Contains("COUNTED-TWICE", seen); // of counters that are a read and a write
    }

    [Fact]
    public void Every_check_had_something_to_judge()
    {
        var opportunities = new Dictionary<string, long>();
        var options = NoMinimum with { StalenessLimit = TimeSpan.Zero };
        for (var seed = 0; seed < 20; seed++)
        {
            foreach (var result in new HistoryChecker(options).Check(HistoryModel.Generate(seed)).Results)
            {
                opportunities[result.Check] = opportunities.GetValueOrDefault(result.Check) + result.Opportunities;
            }
        }
        Assert.All(opportunities, o => Assert.True(o.Value > 100, $"{o.Key}: {o.Value}"));
    }
}
