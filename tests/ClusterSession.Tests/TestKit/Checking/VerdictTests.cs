using ClusterSession.Histories;
using ClusterSession.Histories.Checking;
using Xunit;
using static ClusterSession.Tests.TestKit.Checking.HistoryBuilder;

namespace ClusterSession.Tests.TestKit.Checking;

public sealed class VerdictTests
{
    [Fact]
    public void A_run_without_enough_opportunities_is_invalid_not_passed()
    {
        var builder = new HistoryBuilder { Options = CheckOptions.Default };
        var verdict = builder.Add([Op.Append(Value(1))]).Final([Op.List(Value(1))]).Check();

        Assert.Equal(VerdictOutcome.Invalid, verdict.Outcome);
        Assert.Contains("another node within 50 ms", Assert.Single(verdict.InvalidReasons), StringComparison.Ordinal);
    }

    [Fact]
    public void A_check_that_needs_more_opportunities_makes_the_run_invalid()
    {
        var builder = new HistoryBuilder();
        builder.Options = builder.Options with
        {
            MinimumOpportunities = new Dictionary<string, long> { ["destruction"] = 1, ["no such check"] = 1 },
        };
        var verdict = builder.Add([Op.Append(Value(1))]).Final([Op.List(Value(1))]).Check();

        Assert.Equal(VerdictOutcome.Invalid, verdict.Outcome);
        Assert.Equal(2, verdict.InvalidReasons.Count);
    }

    [Fact]
    public void A_planned_fault_that_was_not_seen_makes_the_run_invalid()
    {
        var builder = new HistoryBuilder();
        builder.Run = builder.Run with { PlannedFaults = ["kill", "cut"] };
        var verdict = builder
            .Fault("kill", "redis", FaultLayer.Store, 1, 2)
            .Fault("cut", "redis", FaultLayer.Link, 1, 2, confirmed: false)
            .Check();

        Assert.Equal(VerdictOutcome.Invalid, verdict.Outcome);
        Assert.Contains("'cut'", Assert.Single(verdict.InvalidReasons), StringComparison.Ordinal);
    }

    [Fact]
    public void A_node_that_served_nothing_makes_the_run_invalid()
    {
        var builder = new HistoryBuilder();
        builder.Run = builder.Run with { Nodes = ["A", "B"] };
        var verdict = builder.Add([Op.List()], node: "A").Check();

        Assert.Contains("Node B", Assert.Single(verdict.InvalidReasons), StringComparison.Ordinal);
    }

    [Fact]
    public void Values_written_twice_make_the_run_invalid()
    {
        var verdict = new HistoryBuilder()
            .Add([Op.Append(Value(1))])
            .Add([Op.Append(Value(1))])
            .Final([Op.List(Value(1))])
            .Check();

        Assert.Contains(verdict.InvalidReasons, r => r.Contains("written twice", StringComparison.Ordinal));
    }

    [Fact]
    public void A_session_that_was_never_read_at_the_end_makes_the_run_invalid()
    {
        var verdict = new HistoryBuilder().Add([Op.Append(Value(1))]).Check();

        Assert.Contains("not read at the end", Assert.Single(verdict.InvalidReasons), StringComparison.Ordinal);
    }

    [Fact]
    public void A_violation_outweighs_missing_opportunities()
    {
        var builder = new HistoryBuilder { Options = CheckOptions.Default };
        var verdict = builder.Add([Op.Append(Value(1))]).Final([Op.List()]).Check();

        Assert.Equal(VerdictOutcome.Failed, verdict.Outcome);
    }

    [Fact]
    public void The_printed_verdict_shows_seed_counts_witness_and_faults()
    {
        var builder = new HistoryBuilder();
        builder.Run = builder.Run with { Seed = 4711 };
        var text = builder
            .Fault("kill", "redis-1", FaultLayer.Store, 1, 2)
            .Add([Op.Append(Value(1))])
            .Final([Op.List()], node: "B")
            .Check()
            .ToString();

        Assert.Contains("Failed (seed 4711", text, StringComparison.Ordinal);
        Assert.Contains("LOST-ENTRY", text, StringComparison.Ordinal);
        Assert.Contains("append " + Value(1), text, StringComparison.Ordinal);
        Assert.Contains("kill redis-1", text, StringComparison.Ordinal);
        Assert.Matches(@"lost updates +1 +1 ", text);
    }

    [Fact]
    public void A_broken_build_that_breaks_a_rule_a_thousand_times_keeps_few_witnesses_and_the_true_count()
    {
        var builder = new HistoryBuilder();
        for (var i = 1; i <= 1000; i++)
        {
            builder.Add([Op.Append(Value(i))]);
        }
        var result = builder.Final([Op.List()]).Check()["lost updates"];

        Assert.Equal(1000, result.Never);
        Assert.Equal(5, result.Violations.Count);
    }
}
