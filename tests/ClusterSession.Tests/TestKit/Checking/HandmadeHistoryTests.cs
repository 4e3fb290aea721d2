using ClusterSession.Histories;
using ClusterSession.Histories.Checking;
using Xunit;
using static ClusterSession.Tests.TestKit.Checking.HistoryBuilder;

namespace ClusterSession.Tests.TestKit.Checking;

/// <summary>
/// Each rule once as a story short enough to be understood by reading it; after it, the story that
/// looks alike and is lawful.
/// </summary>
public sealed class HandmadeHistoryTests
{
    private static readonly string V1 = Value(1);
    private static readonly string V2 = Value(2);

    [Fact]
    public void Integrity_a_value_with_a_broken_checksum() =>
        Fails("CORRUPT", h => h.Add([Op.Set("k", V1)]).Add([Op.Get("k", V1[..^1] + "!")]));

    [Fact]
    public void Integrity_somebody_elses_cart() =>
        Fails("CROSS-SESSION", h =>
            h.Add([Op.Append(Value(1, client: 5, session: 7))], client: 5, session: 7)
                .Add([Op.List(Value(1, client: 5, session: 7))])
        );

    [Fact]
    public void Integrity_a_value_from_nowhere() => Fails("FROM-NOWHERE", h => h.Add([Op.Get("k", Value(77))]));

    [Fact]
    public void Integrity_a_value_from_the_future() =>
        Fails("FUTURE", h => h.Add([Op.Get("k", V2)]).Add([Op.Set("k", V2)]));

    [Fact]
    public void Integrity_a_write_that_was_answered_as_failed() =>
        Fails("ABORTED-READ", h => h.Add([Op.Set("k", V1)], result: RequestResult.Fail).Add([Op.Get("k", V1)]));

    [Fact]
    public void Integrity_a_write_without_answer_may_be_read() =>
        Lawful(h => h.Add([Op.Set("k", V1)], result: RequestResult.Info).Add([Op.Get("k", V1)]));

    [Fact]
    public void Integrity_half_of_a_commit() =>
        Fails("INTERMEDIATE", h => h.Add([Op.Set("k", V1), Op.Set("k", V2)], client: 1).Add([Op.Get("k", V1)]));

    [Fact]
    public void Token_an_older_copy_without_a_word() =>
        Fails("SILENT-REGRESSION", h =>
            h.Add([Op.Set("k", V1)], committed: 9).Add([Op.List()], node: "B", sent: 9, served: 8)
        );

    [Fact]
    public void Token_an_older_copy_is_seen_without_tokens_too() =>
        Fails("SILENT-REGRESSION", h => h.Add([Op.Append(V1)], committed: 9).Add([Op.List(V1)], node: "B", served: 8));

    [Fact]
    public void Token_what_was_read_counts_also_where_no_cookie_named_it() =>
        Fails("SILENT-REGRESSION", h =>
            h.Add([Op.List()], sent: 5, served: 9).Add([Op.List()], node: "B", sent: 5, served: 8)
        );

    [Fact]
    public void Token_a_reported_regression_in_a_double_fault_is_budget()
    {
        var verdict = Lawful(h =>
            h.Fault("kill", "A", FaultLayer.Node, 2, 50)
                .Fault("failover", "redis", FaultLayer.Store, 3, 50)
                .Add([Op.Append(V1)], committed: 9)
                .Add([Op.List()], node: "B", sent: 9, served: 8, flags: EventFlags.Regressed)
        );
        Assert.Equal(1, verdict["token"].Budget);
        Assert.Equal(1, verdict["entries"].Budget);
    }

    [Theory]
    [InlineData("B", 30, FaultLayer.Store, 1)]
    [InlineData("A", 30, FaultLayer.Store, 0)] // Nobody else has committed.
    [InlineData("B", 30, FaultLayer.Node, 0)] // The store is there, and has it.
    [InlineData("B", 30_000, FaultLayer.Store, 0)] // Healed long ago.
    public void Token_a_regression_is_excused_where_the_store_vanished_while_another_node_was_committing(
        string other,
        int at,
        FaultLayer layer,
        int budget
    )
    {
        var verdict = new HistoryBuilder()
            .Add([Op.Append(V1)], client: 1, node: other, from: 18, to: 19)
            .Fault("failover", "redis", layer, 20, 40)
            .Add([Op.List()], node: "A", from: at, to: at + 1, sent: 9, served: 9, flags: EventFlags.Regressed)
            .Check();
        Assert.Equal((budget, 1 - budget), (verdict["token"].Budget, verdict["token"].Never));
    }

    [Theory]
    [InlineData(EventFlags.Regressed, VerdictOutcome.Invalid)]
    [InlineData(EventFlags.None, VerdictOutcome.Failed)]
    public void Token_where_a_fault_may_be_reported_silence_is_still_wrong(EventFlags flags, VerdictOutcome expected)
    {
        var story = new HistoryBuilder();
        story.Options = story.Options with { RegressionsMayBeReportedDuringFaults = true };
        var verdict = story
            .Fault("cut", "A-redis", FaultLayer.Link, 1, 50)
            .Add([Op.Append(V1)], committed: 9)
            .Add([Op.List()], node: "B", sent: 9, served: 8, flags: flags)
            .Check();
        Assert.Equal(expected, verdict.Outcome); // invalid: too short a story to pass
    }

    [Theory]
    [InlineData("B", "C", EventFlags.Regressed, 1, 0)]
    [InlineData("B", "B", EventFlags.Regressed, 0, 1)] // One node alone may have a fault of its own.
    [InlineData("B", "C", EventFlags.None, 0, 1)] // Silence is never excused.
    public void Token_a_regression_is_excused_where_two_nodes_say_that_the_store_was_away(
        string one,
        string other,
        EventFlags flags,
        int budget,
        int never
    )
    {
        var story = new HistoryBuilder();
        story.Options = story.Options with { RegressionsMayBeReportedDuringFaults = true };
        var verdict = story
            .Add([Op.Append(V1)], committed: 9, from: 1, to: 2)
            .Add([], client: 1, node: one, result: RequestResult.Fail, flags: EventFlags.Rejected, from: 3, to: 1_003)
            .Add([], client: 2, node: other, result: RequestResult.Fail, flags: EventFlags.Rejected, from: 4, to: 1_004)
            .Add([Op.List()], node: "A", sent: 9, served: 8, flags: flags, from: 1_010, to: 1_011)
            .Check();
        Assert.Equal((budget, never), (verdict["token"].Budget, verdict["token"].Never));
    }

    [Fact]
    public void Entries_a_loss_reported_to_somebody_else_is_not_reported() =>
        Fails("READ-YOUR-WRITES", h =>
            h.Fault("kill", "A", FaultLayer.Node, 1, 50)
                .Fault("failover", "redis", FaultLayer.Store, 1, 50)
                .Add([Op.Append(V1)])
                .Add([Op.List()], client: 3, node: "B", flags: EventFlags.Regressed)
                .Add([Op.List()], node: "B")
        );

    [Fact]
    public void Token_two_faults_of_one_layer_are_no_excuse() =>
        Fails("REGRESSED", h =>
            h.Fault("pause", "replica", FaultLayer.Store, 1, 50)
                .Fault("kill", "master", FaultLayer.Store, 2, 50)
                .Add([Op.Append(V1)], committed: 9)
                .Add([Op.List()], node: "B", sent: 9, served: 8, flags: EventFlags.Regressed)
        );

    [Fact]
    public void Commit_identity_two_commits_of_one_name() =>
        Fails("SAME-VERSION", h =>
            h.Add([Op.Append(V1)], committed: 9).Add([Op.Append(Value(1, client: 1))], client: 1, committed: 9)
        );

    [Fact]
    public void Entries_my_own_entry_is_missing() =>
        Fails("READ-YOUR-WRITES", h => h.Add([Op.Append(V1)]).Add([Op.List()], node: "B"));

    [Fact]
    public void Entries_my_own_entry_may_be_missing_while_it_is_under_way() =>
        Lawful(h =>
            h.Add([Op.Append(V1)], kind: ClientKind.Parallel, from: 1, to: 5)
                .Add([Op.List()], kind: ClientKind.Parallel, from: 2, to: 9)
        );

    [Fact]
    public void Entries_what_I_saw_is_missing() =>
        Fails("MONOTONIC-READS", h =>
            h.Add([Op.Append(Value(1, client: 1))], client: 1)
                .Add([Op.List(Value(1, client: 1))])
                .Add([Op.List()], node: "B")
        );

    [Fact]
    public void Entries_another_clients_entry_may_come_late() =>
        Lawful(h => h.Add([Op.Append(Value(1, client: 1))], client: 1).Add([Op.List()], node: "B"));

    [Fact]
    public void Entries_twice_in_one_list() => Fails("DUPLICATE", h => h.Add([Op.Append(V1)]).Add([Op.List(V1, V1)]));

    [Fact]
    public void Entries_a_removed_one_is_back() =>
        Fails("ENTRY-CAME-BACK", h => h.Add([Op.Append(V1)]).Add([Op.RemoveEntry(V1)]).Add([Op.List(V1)]));

    [Theory]
    [InlineData(EventFlags.Regressed, 8, null, VerdictOutcome.Invalid)] // Too short a story to pass.
    [InlineData(EventFlags.Regressed, 8, 10L, VerdictOutcome.Failed)] // The removal was committed.
    [InlineData(EventFlags.None, 8, null, VerdictOutcome.Failed)] // The client was not told.
    public void Entries_one_that_was_reported_lost_may_come_back_where_its_removal_removed_nothing(
        EventFlags told,
        long served,
        long? committed,
        VerdictOutcome expected
    )
    {
        var story = new HistoryBuilder();
        story.Options = story.Options with { RegressionsMayBeReportedDuringFaults = true };
        var verdict = story
            .Fault("failover", "redis", FaultLayer.Store, 1, 50)
            .Add([Op.Append(V1)], committed: 9)
            .Add([Op.Get("k", null)], node: "B", sent: 9, served: served, flags: told)
            .Add([Op.RemoveEntry(V1)], node: "B", sent: served, served: served, committed: committed)
            .Add([Op.List(V1)], sent: committed ?? served, served: 11)
            .Check();
        Assert.Equal(expected, verdict.Outcome);
    }

    [Theory]
    [InlineData(EventFlags.Regressed, VerdictOutcome.Invalid)] // Too short a story to pass.
    [InlineData(EventFlags.None, VerdictOutcome.Failed)]
    public void Entries_one_that_was_reported_lost_may_come_back_where_its_removal_may_not_have_happened(
        EventFlags told,
        VerdictOutcome expected
    )
    {
        var story = new HistoryBuilder();
        story.Options = story.Options with { RegressionsMayBeReportedDuringFaults = true };
        var verdict = story
            .Fault("failover", "redis", FaultLayer.Store, 1, 50)
            .Add([Op.Append(V1)], committed: 9)
            .Add([Op.RemoveEntry(V1)], result: RequestResult.Info, sent: 9)
            .Add([Op.Get("k", null)], node: "B", sent: 9, served: 8, flags: told)
            .Add([Op.List()], node: "B", sent: 8, served: 8)
            .Add([Op.List(V1)], sent: 8, served: 11)
            .Check();
        Assert.Equal(expected, verdict.Outcome);
    }

    /// <summary>
    /// Two commits at once on two nodes, while the store is away: the jar keeps the cookie of B.
    /// </summary>
    [Theory]
    [InlineData(true, false, null, VerdictOutcome.Invalid)] // Too short a story to pass.
    [InlineData(true, false, 12L, VerdictOutcome.Failed)] // The removal was committed.
    [InlineData(false, false, null, VerdictOutcome.Failed)] // The jar had the cookie of A.
    [InlineData(true, true, null, VerdictOutcome.Failed)] // A later response had shown the entry.
    public void Entries_one_that_no_cookie_covered_may_come_back_where_its_removal_removed_nothing(
        bool isOvertaken,
        bool wasShown,
        long? committed,
        VerdictOutcome expected
    )
    {
        var story = new HistoryBuilder()
            .Fault("failover", "redis", FaultLayer.Store, 1, 50)
            .Add([Op.Append(Value(1))], kind: ClientKind.Parallel, from: 1, to: 5, committed: 9);
        if (isOvertaken)
        {
            story.Add([Op.Append(Value(2))], kind: ClientKind.Parallel, node: "B", from: 1, to: 6, committed: 10);
        }

        if (wasShown)
        {
            story.Add([Op.List(Value(1), Value(2))], kind: ClientKind.Parallel, from: 7, to: 8, sent: 10, served: 11);
        }

        var sent = wasShown ? 11 : 10;
        var verdict = story
            .Add(
                [Op.RemoveEntry(Value(1))],
                kind: ClientKind.Parallel,
                node: "C",
                from: 10,
                to: 11,
                sent: sent,
                served: sent,
                committed: committed
            )
            .Add(
                isOvertaken ? [Op.List(Value(1), Value(2))] : [Op.List(Value(1))],
                kind: ClientKind.Parallel,
                from: 12,
                to: 13,
                sent: committed ?? sent,
                served: 14
            )
            .Check();
        Assert.Equal(expected, verdict.Outcome);
    }

    [Fact]
    public void Entries_a_write_without_answer_may_arrive_after_its_removal() =>
        Lawful(h => h.Add([Op.Append(V1)], result: RequestResult.Info).Add([Op.RemoveEntry(V1)]).Add([Op.List(V1)]));

    [Fact]
    public void Entries_a_cookie_overtaken_in_the_jar_is_measured()
    {
        var verdict = Lawful(h =>
            h.Add([Op.Append(Value(1))], kind: ClientKind.Parallel, from: 1, to: 5)
                .Add([Op.Append(Value(2))], kind: ClientKind.Parallel, node: "B", from: 1, to: 6)
                .Add([Op.List(Value(2))], kind: ClientKind.Parallel, node: "C", from: 7, to: 8)
        );
        Assert.Equal(1, verdict["entries"].Counts[OutcomeClass.Measured]);
    }

    [Fact]
    public void Entries_a_cookie_overtaken_in_the_jar_fails_where_demanded() => Fails("READ-YOUR-WRITES", h =>
        {
            h.Options = h.Options with { DemandParallelGuarantees = true };
            return h.Add([Op.Append(Value(1))], kind: ClientKind.Parallel, from: 1, to: 5)
                .Add([Op.Append(Value(2))], kind: ClientKind.Parallel, node: "B", from: 1, to: 6)
                .Add([Op.List(Value(2))], kind: ClientKind.Parallel, node: "C", from: 7, to: 8);
        });

    [Theory]
    [InlineData(true, VerdictOutcome.Invalid)]
    [InlineData(false, VerdictOutcome.Failed)]
    public void Entries_of_two_commits_at_once_on_two_nodes_a_jar_can_name_one_while_the_store_is_away(
        bool isAway,
        VerdictOutcome expected
    )
    {
        var story = new HistoryBuilder();
        if (isAway)
        {
            story.Fault("cut", "redis", FaultLayer.Link, 1, 20);
        }
        var verdict = story
            .Add([Op.Append(Value(1))], kind: ClientKind.Parallel, from: 1, to: 5, committed: 7)
            .Add([Op.Append(Value(2))], kind: ClientKind.Parallel, node: "B", from: 1, to: 6, committed: 8)
            .Add([Op.List(Value(2))], kind: ClientKind.Parallel, node: "B", from: 7, to: 8, sent: 8, served: 8)
            .Check();
        Assert.Equal(expected, verdict.Outcome); // invalid: too short a story to pass
    }

    [Fact]
    public void Entries_a_later_entry_without_the_earlier_one_fails_where_demanded() => Fails("CAUSAL-GAP", h =>
        {
            h.Options = h.Options with { DemandCausality = true };
            return h.Add([Op.Append(Value(1, client: 1))], client: 1)
                .Add([Op.Append(Value(2, client: 1))], client: 1)
                .Add([Op.List(Value(2, client: 1))]);
        });

    [Fact]
    public void Registers_I_read_what_I_had_overwritten() =>
        Fails("READ-YOUR-WRITES", h =>
            h.Add([Op.Set("k", V1)]).Add([Op.Set("k", V2)]).Add([Op.Get("k", V1)], node: "B")
        );

    [Fact]
    public void Registers_I_read_backwards() =>
        Fails("MONOTONIC-READS", h =>
            h.Add([Op.Set("k", Value(1, client: 1))], client: 1)
                .Add([Op.Set("k", Value(2, client: 1))], client: 1)
                .Add([Op.Get("k", Value(1, client: 1))])
                .Add([Op.Get("k", Value(2, client: 1))])
                .Add([Op.Get("k", Value(1, client: 1))], node: "B")
        );

    [Theory]
    [InlineData(EventFlags.Regressed, VerdictOutcome.Invalid)] // Too short a story to pass.
    [InlineData(EventFlags.None, VerdictOutcome.Failed)]
    public void Registers_a_value_that_was_reported_lost_may_come_back(EventFlags told, VerdictOutcome expected)
    {
        var story = new HistoryBuilder();
        story.Options = story.Options with { RegressionsMayBeReportedDuringFaults = true };
        var verdict = story
            .Add([Op.Set("k", Value(1, client: 1))], client: 1, committed: 5)
            .Fault("writes refused", "redis", FaultLayer.Store, 3, 50)
            .Add([Op.Set("k", V1)], committed: 9)
            .Add([Op.Append(V2)], node: "B", sent: 9, served: 5, committed: 10, flags: told)
            .Add([Op.Get("k", Value(1, client: 1))], node: "B", sent: 10, served: 10)
            .Add([Op.Get("k", V1)], sent: 10, served: 11)
            .Check();
        Assert.Equal(expected, verdict.Outcome);
    }

    [Fact]
    public void Registers_a_value_vanishes() =>
        Fails("LOST-VALUE", h => h.Add([Op.Set("k", V1)]).Add([Op.Get("k", null)], node: "B"));

    [Fact]
    public void Registers_another_clients_write_may_win() =>
        Lawful(h =>
            h.Add([Op.Set("k", Value(1, client: 1))], client: 1, from: 1, to: 9)
                .Add([Op.Set("k", V1)], from: 2, to: 3)
                .Add([Op.Get("k", Value(1, client: 1))], from: 10)
        );

    [Fact]
    public void Linearizability_two_clients_disagree_about_the_order() => Fails("NOT-LINEARIZABLE", h =>
        {
            h.Options = h.Options with { DemandLinearizability = true };
            return h.Add([Op.Set("k", Value(1, client: 1))], client: 1, from: 1, to: 5)
                .Add([Op.Set("k", Value(1, client: 2))], client: 2, from: 1, to: 5)
                .Add([Op.Get("k", Value(1, client: 1))], client: 3, from: 6)
                .Add([Op.Get("k", Value(1, client: 2))], client: 4, from: 8)
                .Add([Op.Get("k", Value(1, client: 1))], client: 5, from: 10);
        });

    [Fact]
    public void Linearizability_is_only_measured_under_merge()
    {
        var verdict = Lawful(h =>
            h.Add([Op.Set("k", Value(1, client: 1))], client: 1, from: 1, to: 2)
                .Add([Op.Get("k", null)], client: 2, from: 5)
        );
        Assert.Equal(1, verdict["linearizability"].Counts[OutcomeClass.Measured]);
    }

    [Fact]
    public void Counters_a_lone_client_counts_and_a_step_is_lost() =>
        Fails("COUNTED-TWICE", h => h.Add([Op.Counter("n", 1)]).Add([Op.Counter("n", 1)], node: "B"));

    [Fact]
    public void Counters_several_clients_lose_steps_where_counting_is_a_read_and_a_write()
    {
        var verdict = Lawful(h =>
            h.Add([Op.Counter("n", 1)], client: 1, from: 1, to: 4)
                .Add([Op.Counter("n", 1)], client: 2, from: 1, to: 4)
                .Final([Op.CounterRead("n", 1)])
        );
        Assert.Contains(verdict["counters"].Measurements, m => m is { Name: "counter steps lost", Value: 1 });
    }

    [Fact]
    public void Counters_several_clients_lose_no_step_where_counting_is_atomic() => Fails("COUNTER-TOO-LOW", h =>
        {
            h.Options = h.Options with { DemandAtomicCounters = true };
            return h.Add([Op.Counter("n", 1)], client: 1, from: 1, to: 4)
                .Add([Op.Counter("n", 2)], client: 2, from: 1, to: 4)
                .Final([Op.CounterRead("n", 1)]);
        });

    [Fact]
    public void Counters_more_than_anybody_counted() =>
        Fails("COUNTER-TOO-HIGH", h => h.Add([Op.Counter("n", 1)]).Final([Op.CounterRead("n", 2)]));

    [Fact]
    public void Lost_an_acknowledged_entry() => Fails("LOST-ENTRY", h => h.Add([Op.Append(V1)]).Final([Op.List()]));

    [Fact]
    public void Lost_an_entry_without_answer_is_no_loss() =>
        Lawful(h => h.Add([Op.Append(V1)], result: RequestResult.Info).Final([Op.List()]));

    [Fact]
    public void Lost_under_local_durability_with_the_killed_node_is_budget()
    {
        var verdict = Lawful(h =>
        {
            h.Run = h.Run with { Durability = "Local" };
            return h.Add([Op.Append(V1)], from: 1, to: 2)
                .Fault("kill", "A", FaultLayer.Node, 3, 10)
                .Final([Op.List()], node: "B");
        });
        Assert.Equal(1, verdict["lost updates"].Budget);
    }

    [Theory]
    [InlineData(6, true)]
    [InlineData(3, false)]
    public void Lost_under_local_durability_while_its_node_is_being_killed_is_budget_and_afterwards_a_loss(
        int killedAt,
        bool isExcused
    )
    {
        var story = new HistoryBuilder();
        story.Run = story.Run with { Durability = "Local" };
        var verdict = new HistoryChecker(story.Options).Check(
            story
                .Fault("kill", "A", FaultLayer.Node, 2, 10, confirmedAt: killedAt)
                .Add([Op.Append(V1)], from: 4, to: 5)
                .Final([Op.List()], node: "B")
                .ToHistory()
        );
        Assert.Equal(isExcused ? (1, 0) : (0, 1), (verdict["lost updates"].Budget, verdict["lost updates"].Never));
    }

    [Fact]
    public void Lost_under_local_durability_long_before_the_kill_is_a_loss() => Fails("LOST-ENTRY", h =>
        {
            h.Run = h.Run with { Durability = "Local" };
            return h.Add([Op.Append(V1)], from: 1, to: 2)
                .Fault("kill", "A", FaultLayer.Node, 5000, 6000)
                .Final([Op.List()], node: "B");
        });

    [Fact]
    public void Lost_for_good_is_not_excused_by_having_been_reported_during_a_fault() => Fails("LOST-ENTRY", h =>
        {
            h.Options = h.Options with { RegressionsMayBeReportedDuringFaults = true };
            return h.Fault("cut", "A-redis", FaultLayer.Link, 1, 50)
                .Add([Op.Append(V1)])
                .Add([Op.List()], node: "B", flags: EventFlags.Regressed)
                .Final([Op.List()]);
        });

    [Fact]
    public void Lost_the_newest_value_of_a_register() =>
        Fails("SUPERSEDED-VALUE-WON", h => h.Add([Op.Set("k", V1)]).Add([Op.Set("k", V2)]).Final([Op.Get("k", V1)]));

    [Fact]
    public void Destruction_a_logout_that_did_not_last() =>
        Fails("RESURRECTED", h =>
            h.Add([Op.Append(V1)]).Add([Op.Destroy()]).Add([Op.List(V1)], client: 7, kind: ClientKind.Thief, node: "B")
        );

    [Fact]
    public void Destruction_a_node_cut_off_may_not_have_heard_of_it_where_that_is_allowed()
    {
        var verdict = Lawful(h =>
        {
            h.Options = h.Options with { EndedSessionsMayBeServedDuringFaults = true };
            return h.Add([Op.Append(V1)], from: 1)
                .Fault("cut", "B-redis", FaultLayer.Link, 3, 20)
                .Add([Op.Destroy()], from: 5)
                .Add([Op.List(V1)], client: 7, kind: ClientKind.Thief, node: "B", from: 8);
        });
        Assert.Equal(1, verdict["destruction"].Budget);
    }

    [Fact]
    public void Destruction_a_node_that_is_back_must_have_heard_of_it() => Fails("RESURRECTED", h =>
        {
            h.Options = h.Options with { EndedSessionsMayBeServedDuringFaults = true };
            return h.Add([Op.Append(V1)], from: 1)
                .Fault("cut", "B-redis", FaultLayer.Link, 3, 20)
                .Add([Op.Destroy()], from: 5)
                .Add([Op.List(V1)], client: 7, kind: ClientKind.Thief, node: "B", from: 2500);
        });

    [Fact]
    public void Destruction_a_logout_without_answer_may_not_have_happened() =>
        Lawful(h => h.Add([Op.Append(V1)]).Add([Op.Destroy()], result: RequestResult.Info).Add([Op.List(V1)]));

    [Fact]
    public void Destruction_once_seen_gone_it_is_gone() =>
        Fails("RESURRECTED", h =>
            h.Add([Op.Append(V1)])
                .Add([Op.Destroy()], result: RequestResult.Info)
                .Add([Op.List()], flags: EventFlags.NewSession)
                .Add([Op.List(V1)], node: "B")
        );

    [Fact]
    public void Destruction_reported_as_lost_after_a_logout_without_answer_it_may_come_back() =>
        Assert.False(
            new HistoryBuilder()
                .Add([Op.Append(V1)])
                .Add([Op.Destroy()], result: RequestResult.Info)
                .Add([Op.List()], flags: EventFlags.NewSession | EventFlags.Regressed)
                .Add([Op.List(V1)], node: "B")
                .Check()
                .Found("RESURRECTED")
        );

    [Fact]
    public void Destruction_a_stolen_cookie_survives_the_login() =>
        Fails("OLD-ID-READS", h =>
            h.Add([Op.Append(V1)])
                .Add([Op.Renew()])
                .Add([Op.List(V1)], client: 7, kind: ClientKind.Thief, generation: 0)
        );

    [Fact]
    public void Destruction_the_new_cookie_goes_on() =>
        Lawful(h => h.Add([Op.Append(V1)]).Add([Op.Renew()]).Add([Op.List(V1)], generation: 1));

    [Fact]
    public void Destruction_a_stolen_cookie_still_writes() =>
        Fails("OLD-ID-WRITES", h =>
            h.Add([Op.Renew()])
                .Add([Op.Append(Value(1, client: 7))], client: 7, kind: ClientKind.Thief, generation: 0)
                .Add([Op.List(Value(1, client: 7))], generation: 1)
        );

    [Fact]
    public void Lifetime_a_living_session_is_forgotten() =>
        Fails("LOST-SESSION", h => h.Add([Op.Set("k", V1)]).Add([Op.List()], node: "B", flags: EventFlags.NewSession));

    [Fact]
    public void Lifetime_it_outlives_its_idle_timeout() => Fails("OUTLIVED-IDLE", h =>
        {
            h.Options = h.Options with
            {
                IdleTimeout = TimeSpan.FromSeconds(10),
                ExpirySlack = TimeSpan.FromSeconds(1),
            };
            return h.Add([Op.Set("k", V1)], from: 1).Add([Op.Get("k", V1)], from: 11_100);
        });

    [Fact]
    public void Lifetime_it_may_end_after_its_idle_timeout() =>
        Lawful(h =>
        {
            h.Options = h.Options with
            {
                IdleTimeout = TimeSpan.FromSeconds(10),
                ExpirySlack = TimeSpan.FromSeconds(1),
            };
            return h.Add([Op.Append(V1)], from: 1)
                .Add([Op.Counter("n", 1)], from: 11_100, flags: EventFlags.NewSession);
        });

    /// <summary>
    /// A session that nobody used for that long is read at the end, through one node after the
    /// other.
    /// </summary>
    [Fact]
    public void Lifetime_what_has_expired_is_not_lost() => Lawful(h => ReadAtTheEnd(h, 11_100));

    [Theory]
    [InlineData("LOST-SESSION")]
    [InlineData("LOST-ENTRY")]
    [InlineData("LOST-VALUE")]
    [InlineData("COUNTER-TOO-LOW")]
    public void Lifetime_what_has_not_expired_is_lost(string rule) => Fails(rule, h => ReadAtTheEnd(h, 5_000));

    [Fact]
    public void Lifetime_a_use_in_between_keeps_it_alive() =>
        Fails("LOST-ENTRY", h => ReadAtTheEnd(h, 11_100, usedAt: 6_000));

    private static HistoryBuilder ReadAtTheEnd(HistoryBuilder h, int at, int? usedAt = null)
    {
        h.Options = h.Options with { IdleTimeout = TimeSpan.FromSeconds(10), ExpirySlack = TimeSpan.FromSeconds(1) };
        h.Add([Op.Append(V1), Op.Set("k", HistoryBuilder.Value(1, op: 1)), Op.Counter("n", 1)], from: 1);
        if (usedAt is { } use)
        {
            h.Add([Op.List(V1)], from: use);
        }

        h.Add(
            [Op.List()],
            client: 90,
            kind: ClientKind.Observer,
            from: at,
            flags: EventFlags.Final | EventFlags.NewSession
        );
        return h.Final([Op.List(), Op.Get("k", null), Op.CounterRead("n", 0)])
            .Final([Op.List(), Op.Get("k", null), Op.CounterRead("n", 0)], node: "B", flags: EventFlags.NewSession);
    }

    [Fact]
    public void Lifetime_activity_does_not_outlive_the_absolute_timeout() => Fails("OUTLIVED-ABSOLUTE", h =>
        {
            h.Options = h.Options with
            {
                AbsoluteTimeout = TimeSpan.FromSeconds(10),
                ExpirySlack = TimeSpan.FromSeconds(1),
            };
            return h.Add([Op.Set("k", V1)], from: 1)
                .Add([Op.Get("k", V1)], from: 9_000)
                .Add([Op.Get("k", V1)], from: 11_100);
        });

    [Fact]
    public void Convergence_two_nodes_two_truths() =>
        Fails("DIVERGED", h =>
            h.Add([Op.Set("k", V1)], result: RequestResult.Info)
                .Final([Op.Get("k", V1)], node: "A")
                .Final([Op.Get("k", null)], node: "B")
        );

    [Fact]
    public void Liveness_a_node_that_never_comes_back() => Fails("SLOW-RECOVERY", h =>
        {
            h.Options = h.Options with { HealDeadline = TimeSpan.FromSeconds(1) };
            return h.Fault("cut", "redis", FaultLayer.Link, 1, 10)
                .Add([Op.List()], from: 11, result: RequestResult.Info)
                .Add([Op.List()], from: 3000, result: RequestResult.Info);
        });

    [Fact]
    public void Liveness_errors_where_nothing_is_broken() => Fails("TOO-FEW-OK", h =>
        {
            h.Options = h.Options with { MinimumOkShare = 0.9999 };
            return h.Add([Op.List()]).Add([Op.List()], result: RequestResult.Fail);
        });

    [Fact]
    public void Liveness_a_change_beside_a_new_id_may_be_refused() =>
        Lawful(h =>
        {
            h.Options = h.Options with { MinimumOkShare = 1 };
            return h.Add([Op.List()])
                .Add([Op.Renew()], from: 10, to: 20)
                .Add([Op.Append(HistoryBuilder.Value(9))], client: 1, from: 15, to: 25, result: RequestResult.Fail);
        });

    [Fact]
    public void Liveness_a_change_after_a_new_id_may_not() => Fails("TOO-FEW-OK", h =>
        {
            h.Options = h.Options with { MinimumOkShare = 1 };
            return h.Add([Op.List()])
                .Add([Op.Renew()], from: 10, to: 20)
                .Add([Op.Append(HistoryBuilder.Value(9))], client: 1, from: 30, to: 35, result: RequestResult.Fail);
        });

    [Fact]
    public void Liveness_a_request_that_hangs() => Fails("TOO-LONG", h =>
        {
            h.Options = h.Options with { HardLimit = TimeSpan.FromSeconds(1) };
            return h.Add([Op.List()], from: 1, to: 2000);
        });

    private static void Fails(string rule, Func<HistoryBuilder, HistoryBuilder> story)
    {
        var verdict = story(new HistoryBuilder()).Check();
        Assert.True(verdict.Outcome == VerdictOutcome.Failed && verdict.Found(rule), verdict.ToString());
    }

    // A story of two requests is too short to pass as a run; what counts here is that nothing in it
    // is called wrong.
    private static Verdict Lawful(Func<HistoryBuilder, HistoryBuilder> story)
    {
        var verdict = story(new HistoryBuilder()).Check();
        Assert.True(verdict.Outcome != VerdictOutcome.Failed, verdict.ToString());
        return verdict;
    }
}
