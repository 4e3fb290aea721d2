using ClusterSession.Histories;
using ClusterSession.Histories.Checking;
using Xunit;
using static ClusterSession.Tests.TestKit.Checking.HistoryBuilder;

namespace ClusterSession.Tests.TestKit.Checking;

/// <summary>
/// What a store excuses that has lost something, or went back, while it was there: only what no
/// node holds. Times in milliseconds.
/// </summary>
public sealed class StoreLossHistoryTests
{
    private const int Lost = 10_000;
    private const int Asked = 20_000;

    private static readonly string V1 = Value(1);
    private static readonly string V2 = Value(1, client: 1);

    private enum Holder
    {
        Lives,
        WasRestartedBefore,
        WasRestartedSince,
        IsFrozen,
    }

    [Fact]
    public void Session_that_a_node_holds_is_lost_by_no_store() => Fails("LOST-SESSION", h => Deleted(h, Holder.Lives));

    [Fact]
    public void Session_that_was_served_after_the_restart_of_its_node_is_held() =>
        Fails("LOST-SESSION", h => Deleted(h, Holder.WasRestartedBefore));

    [Fact]
    public void Session_that_was_held_by_a_node_which_was_restarted_may_be_lost() =>
        Lawful(h => Deleted(h, Holder.WasRestartedSince));

    [Fact]
    public void Session_without_a_loss_may_not_be_lost_though_its_node_was_restarted() =>
        Fails("LOST-SESSION", h => Deleted(h, Holder.WasRestartedSince, FaultEffect.Nothing));

    [Fact]
    public void Session_that_another_node_has_served_since_is_held() =>
        Fails("LOST-SESSION", h =>
            Deleted(h.Add([Op.List(V1)], client: 3, node: "B", from: 2, to: 3), Holder.WasRestartedSince)
        );

    [Fact]
    public void Session_that_a_frozen_node_holds_is_not_lost_in_silence() =>
        Fails("LOST-SESSION", h => Deleted(h, Holder.IsFrozen));

    [Fact]
    public void Session_that_a_frozen_node_holds_may_be_lost_if_that_is_said() =>
        Lawful(h => Deleted(h, Holder.IsFrozen, flags: EventFlags.Regressed));

    [Fact]
    public void Session_may_be_lost_with_the_node_that_renewed_its_id_although_another_had_it_before() =>
        Lawful(h => DeletedAfterRenewal(h, restarted: "B"));

    [Fact]
    public void Session_whose_id_was_renewed_is_held_by_the_node_that_renewed_it() =>
        Fails("LOST-SESSION", h => DeletedAfterRenewal(h, restarted: "A"));

    [Fact]
    public void Commit_lost_before_the_id_was_renewed_is_held_by_who_had_it_under_the_old_id() =>
        Fails("LOST-ENTRY", h => RenewedAfterTheLoss(h, Holder.Lives));

    [Fact]
    public void Such_a_commit_may_be_lost_with_that_node() =>
        Lawful(h => RenewedAfterTheLoss(h, Holder.WasRestartedSince));

    [Fact]
    public void What_comes_after_an_excused_loss_is_another_session() =>
        Lawful(h =>
            Deleted(h, Holder.WasRestartedSince)
                .Add([Op.List()], from: Asked + 10)
                .Final([Op.List()])
                .Final([Op.List()], node: "B")
        );

    [Fact]
    public void Commit_that_a_node_holds_is_lost_by_no_store_that_went_back() =>
        Fails("LOST-ENTRY", h => WentBack(h, Holder.Lives));

    [Fact]
    public void Commit_that_was_held_by_a_node_which_was_restarted_may_be_reported_as_lost() =>
        Lawful(h => WentBack(h, Holder.WasRestartedSince));

    [Fact]
    public void Such_a_commit_may_not_be_lost_in_silence() =>
        Fails("LOST-ENTRY", h => WentBack(h, Holder.WasRestartedSince, EventFlags.None));

    [Fact]
    public void Such_a_commit_may_be_lost_in_silence_where_the_cookie_of_a_request_beside_took_its_place() =>
        Lawful(h => WentBackUnnamed(h, Holder.WasRestartedSince, sent: 8));

    [Fact]
    public void Nor_is_it_lost_in_silence_where_the_client_came_with_its_cookie() =>
        Fails("LOST-ENTRY", h => WentBackUnnamed(h, Holder.WasRestartedSince, sent: 9));

    [Fact]
    public void Nor_while_a_node_holds_it_whatever_the_cookie_names() =>
        Fails("LOST-ENTRY", h => WentBackUnnamed(h, Holder.Lives, sent: 8));

    [Fact]
    public void Read_without_such_a_commit_is_not_stale() =>
        Lawful(h => ReadByAnother(WentBackUnnamed(Limited(h), Holder.WasRestartedSince, sent: 8)));

    [Fact]
    public void Read_without_a_commit_that_a_node_holds_is_stale_whatever_the_cookie_names() =>
        Fails("STALE-READ", h => ReadByAnother(WentBackUnnamed(Limited(h), Holder.Lives, sent: 8)));

    [Fact]
    public void Such_a_commit_is_held_by_a_node_that_has_shown_it() =>
        Fails("LOST-ENTRY", h =>
            WentBack(h.Add([Op.List(V1)], client: 3, node: "C", from: 4, to: 5), Holder.WasRestartedSince)
        );

    [Fact]
    public void Regression_beside_a_loss_is_not_excused_by_its_time_alone() =>
        Fails("REGRESSED", h => WentBack(Excusing(h), Holder.Lives));

    [Fact]
    public void Ended_session_comes_back_from_no_store_that_went_back() => Fails("RESURRECTED", h => Revived(h));

    [Fact]
    public void Nor_while_a_node_lives_that_knows_the_end() => Fails("RESURRECTED", h => Revived(h, "A"));

    [Fact]
    public void Nor_beside_the_loss_where_an_outage_would_excuse_it() =>
        Fails("RESURRECTED", h => Revived(Excusing(h), at: Lost + 100));

    [Fact]
    public void Ended_session_may_come_back_when_every_node_that_knew_it_was_restarted() =>
        Lawful(h => Revived(h, "A", "B"));

    [Fact]
    public void Fault_that_costs_nothing_excuses_no_regression() =>
        Fails("REGRESSED", h =>
            Excusing(h)
                .Add([Op.Append(V1)], committed: 9, from: 1)
                .Fault("damaged record", "redis", FaultLayer.Store, 10, 50, effect: FaultEffect.Nothing)
                .Add([Op.List(V1)], node: "B", from: 20, sent: 9, served: 9, flags: EventFlags.Regressed)
        );

    [Fact]
    public void Copy_that_others_have_changed_is_not_served_for_long() => Fails("STALE-READ", h => Stale(h, at: 1_200));

    [Fact]
    public void Copy_may_be_old_for_a_moment() => Lawful(h => Stale(h, at: 900));

    [Fact]
    public void Copy_may_be_old_while_a_node_is_cut_off() =>
        Lawful(h => Stale(h.Fault("cut", "B", FaultLayer.Link, 20, 1_000), at: 1_200));

    [Fact]
    public void Copy_may_not_be_old_when_that_is_over() =>
        Fails("STALE-READ", h => Stale(h.Fault("cut", "B", FaultLayer.Link, 20, 1_000), at: 5_000));

    [Fact]
    public void Copy_without_what_was_reported_as_lost_is_not_old() =>
        Lawful(h =>
            Stale(
                Excusing(h)
                    .Fault("cut", "A", FaultLayer.Link, 20, 60)
                    .Add([Op.Get("k", null)], node: "B", from: 30, flags: EventFlags.Regressed),
                at: 5_000
            )
        );

    [Fact]
    public void Entry_that_was_removed_is_missed_by_nobody() =>
        Lawful(h => Stale(h.Add([Op.RemoveEntry(V1)], client: 3, from: 30), at: 1_200));

    /// <summary>A session is written at A, deleted in the store, and asked for at B.</summary>
    private static HistoryBuilder Deleted(
        HistoryBuilder h,
        Holder holder,
        FaultEffect effect = FaultEffect.Loss,
        EventFlags flags = EventFlags.None
    ) =>
        Of(h, holder)
            .Add([Op.Append(V1)], node: "A", from: 2_000, flags: EventFlags.NewSession)
            .Fault("keys deleted", "redis", FaultLayer.Store, Lost, Lost + 10, effect: effect)
            .Add([Op.List()], node: "B", from: Asked, flags: EventFlags.NewSession | flags);

    /// <summary>
    /// A session is written at A, its id is renewed at B, it is deleted in the store, and asked for
    /// at C. One of A and B was restarted before that.
    /// </summary>
    private static HistoryBuilder DeletedAfterRenewal(HistoryBuilder h, string restarted) =>
        h.Add([Op.Append(V1)], node: "A", from: 2_000, to: 2_001, flags: EventFlags.NewSession)
            .Add([Op.Renew()], node: "B", from: 2_010, to: 2_011)
            .Fault("kill -9", restarted, FaultLayer.Node, 5_000, 5_100, restarted: restarted)
            .Fault("keys deleted", "redis", FaultLayer.Store, Lost, Lost + 10, effect: FaultEffect.Loss)
            .Add([Op.List()], node: "C", generation: 1, from: Asked, flags: EventFlags.NewSession);

    /// <summary>
    /// A session is written at A, then the store goes back behind that; it is reported to the
    /// client at B, and it is missing at the end.
    /// </summary>
    private static HistoryBuilder WentBack(HistoryBuilder h, Holder holder, EventFlags flags = EventFlags.Regressed) =>
        Of(h, holder)
            .Add([Op.Append(V2)], client: 1, node: "B", from: 1)
            .Add([Op.Append(V1)], node: "A", from: 2_000, committed: 9)
            .Fault("old snapshot", "redis", FaultLayer.Store, Lost, Lost + 10, effect: FaultEffect.Loss)
            .Add(
                [Op.Get("k", null)],
                node: "B",
                from: flags == EventFlags.None || holder != Holder.Lives ? Asked : Lost + 100,
                sent: 9,
                served: 9,
                flags: flags
            )
            .Final([Op.List(V2)])
            .Final([Op.List(V2)], node: "B");

    /// <summary>
    /// A client commits at A and at B at once, and is answered by B last. The store goes back
    /// behind the commit at A.
    /// </summary>
    private static HistoryBuilder WentBackUnnamed(HistoryBuilder h, Holder holder, long sent) =>
        Of(h, holder)
            .Add([Op.Append(V1)], node: "A", from: 2_000, to: 2_002, committed: 9)
            .Add([Op.Get("k", null)], node: "B", from: 2_001, to: 2_003, served: 8)
            .Fault("old snapshot", "redis", FaultLayer.Store, Lost, Lost + 10, effect: FaultEffect.Loss)
            .Add([Op.Get("k", null)], node: "B", from: Asked, sent: sent, served: 9)
            .Final([Op.List()])
            .Final([Op.List()], node: "B");

    /// <summary>
    /// The store goes back behind a commit at A; B tells of the loss, and then renews the id.
    /// </summary>
    private static HistoryBuilder RenewedAfterTheLoss(HistoryBuilder h, Holder holder) =>
        Of(h, holder)
            .Add([Op.Append(V1)], node: "A", from: 2_000, committed: 9)
            .Fault("old snapshot", "redis", FaultLayer.Store, Lost, Lost + 10, effect: FaultEffect.Loss)
            .Add([Op.Get("k", null)], node: "B", from: Asked, sent: 9, flags: EventFlags.Regressed)
            .Add([Op.Renew()], node: "B", from: Asked + 10)
            .Final([Op.List()], generation: 1)
            .Final([Op.List()], node: "B", generation: 1);

    private static HistoryBuilder Revived(HistoryBuilder h, params string[] restarted) => Revived(h, Asked, restarted);

    private static HistoryBuilder Revived(HistoryBuilder h, int at, params string[] restarted)
    {
        h.Run = h.Run with { Nodes = ["A", "B"] };
        h.Add([Op.Append(V1)], from: 1).Add([Op.Destroy()], from: 10);
        foreach (var node in restarted)
        {
            h.Fault("kill -9", node, FaultLayer.Node, Lost - 3_000, Lost - 2_900, restarted: node);
        }

        return h.Fault("old snapshot", "redis", FaultLayer.Store, Lost, Lost + 10, effect: FaultEffect.Loss)
            .Add([Op.List(V1)], client: 7, node: "B", kind: ClientKind.Thief, from: at);
    }

    private static HistoryBuilder ReadByAnother(HistoryBuilder h) =>
        h.Add([Op.List()], client: 5, node: "B", from: Asked + 5_000, sent: 8, served: 8);

    private static HistoryBuilder Limited(HistoryBuilder h)
    {
        h.Options = h.Options with { StalenessLimit = TimeSpan.FromSeconds(1) };
        return h;
    }

    private static HistoryBuilder Stale(HistoryBuilder h, int at) =>
        Limited(h).Add([Op.Append(V1)], node: "A", from: 10, to: 11).Add([Op.List()], client: 5, node: "B", from: at);

    private static HistoryBuilder Of(HistoryBuilder h, Holder holder) =>
        holder switch
        {
            Holder.WasRestartedBefore => h.Fault("kill -9", "A", FaultLayer.Node, 100, 200, restarted: "A"),
            Holder.WasRestartedSince => h.Fault("kill -9", "A", FaultLayer.Node, 5_000, 5_100, restarted: "A"),
            Holder.IsFrozen => h.Fault("SIGSTOP", "A", FaultLayer.Node, 15_000, Asked, effect: FaultEffect.Nothing),
            _ => h,
        };

    private static HistoryBuilder Excusing(HistoryBuilder h)
    {
        h.Options = h.Options with
        {
            RegressionsMayBeReportedDuringFaults = true,
            EndedSessionsMayBeServedDuringFaults = true,
        };
        return h;
    }

    private static void Fails(string rule, Func<HistoryBuilder, HistoryBuilder> story)
    {
        var verdict = story(new HistoryBuilder()).Check();
        Assert.True(verdict.Outcome == VerdictOutcome.Failed && verdict.Found(rule), verdict.ToString());
    }

    private static void Lawful(Func<HistoryBuilder, HistoryBuilder> story)
    {
        var verdict = story(new HistoryBuilder()).Check();
        Assert.True(verdict.Outcome != VerdictOutcome.Failed, verdict.ToString());
    }
}
