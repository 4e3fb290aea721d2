using ClusterSession.Failover.Coordination;
using ClusterSession.Failover.Deciding;
using ClusterSession.Failover.Documents;
using ClusterSession.Failover.Sights;
using ClusterSession.Redis.Connection.Fencing;
using Xunit;

namespace ClusterSession.Failover.Tests.Deciding;

/// <summary>The single decisions of a switch.</summary>
public sealed class SwitchRulesTests
{
    private static readonly FailoverTimings Timings = new();
    private static readonly FailoverDecider Decider = new(Timings);
    private static readonly RedisSight Replica = new()
    {
        RunId = "run-b",
        HistoryId = "history",
        Offset = 10,
        DataEpoch = 1,
        IsLinkUp = true,
        Follows = new Tenure("run-a", 1),
    };

    private static readonly RedisSight Open = Replica with
    {
        RunId = "run-a",
        IsMaster = true,
        Follows = null,
        AdmitsClients = true,
        Record = new Tenure("run-a", 1),
    };

    private static readonly RedisSight Closed = Open with { AdmitsClients = false, Record = null };
    private static readonly SwitchRequest Asked = new(
        new RedisProcess("a", "run-a"),
        "b",
        1,
        DateTimeOffset.UnixEpoch,
        SwitchStep.Wait
    );

    private static readonly ClusterDocument Document = new()
    {
        Members =
        [
            new ClusterMember("a", "redis-a:6379", "https://agent-a", MemberKind.Candidate),
            new ClusterMember("b", "redis-b:6379", "https://agent-b", MemberKind.Candidate),
        ],
        Ruler = new Ruler("a", "run-a", 1),
        Switch = Asked,
    };

    private static readonly ClusterView Waiting = new()
    {
        Self = "a",
        State = new CoordinationState("a", 1, true, 5, default),
        Document = Document,
        Members = Sights(Open, Replica),
        SinceStart = TimeSpan.FromMinutes(1),
        Now = DateTimeOffset.UnixEpoch,
        LeaseEpoch = 1,
        LeaseLeft = Timings.Ttl,
        SwitchFor = 2 * Timings.Interval,
    };

    private static readonly ClusterView Closing = Waiting with
    {
        Document = Document with { Switch = Asked with { Step = SwitchStep.Close } },
        Members = Sights(Closed, Replica),
    };

    private static readonly ClusterView HandedOver = Waiting with
    {
        Self = "b",
        State = new CoordinationState(null, 1, false, 7, default),
        LeaseEpoch = 0,
        LeaseLeft = default,
        Document = Document with
        {
            Ruler = null,
            Switch = Asked with { Step = SwitchStep.HandOver, Closed = new HistoryPoint("history", 10) },
        },
        Members = Sights(Closed, Replica),
    };

    [Fact]
    public void Master_closes_when_the_others_have_seen_the_switch_and_the_next_master_is_ready()
    {
        Because(Reason.IsMaster, Waiting with { SwitchFor = Timings.Interval });
        Because(Reason.IsMaster, Waiting with { Members = Sights(Open, Replica with { IsLinkUp = false }) });
        Assert.Equal(SwitchStep.Close, Written(Waiting).Switch!.Step);
        Assert.Equal(
            new Decision.Command(new RedisAction.Close()),
            Decider.Decide(Closing with { Members = Sights(Open, Replica) })
        );
    }

    [Fact]
    public void Switch_that_cannot_begin_in_time_is_retracted_with_the_reason()
    {
        var late = Waiting with { SwitchFor = Timings.SwitchWait };
        Retracted("link", late with { Members = Sights(Open, Replica with { IsLinkUp = false }) });
        Retracted("bytes behind", late with { Members = Sights(Open with { Offset = 2_000_000 }, Replica) });
        Retracted("Another lease", late with { Document = Document with { Switch = Asked with { Epoch = 0 } } });
    }

    [Fact]
    public void Lease_is_released_when_the_next_master_has_everything_and_no_open_is_on_its_way()
    {
        var behind = Sights(Closed with { Offset = 11 }, Replica);
        Because(Reason.HandingOver, Closing with { Members = behind });
        Because(Reason.HandingOver, Closing with { OpenLeft = TimeSpan.FromMilliseconds(1) });
        Retracted("everything in time", Closing with { Members = behind, UnchangedFor = Timings.CloseWait });
        var released = Assert.IsType<Decision.Release>(Decider.Decide(Closing)).Document;
        Assert.Equal(new HistoryPoint("history", 10), released.Switch!.Closed);
        Assert.Equal(SwitchStep.HandOver, released.Switch.Step);
        Assert.Empty(released.Ledger);
    }

    [Fact]
    public void Failover_by_command_waits_a_moment_until_any_candidate_has_everything()
    {
        var closing = Closing with
        {
            Document = Document with { Switch = Asked with { To = null, Step = SwitchStep.Close } },
        };
        Assert.IsType<Decision.Release>(Decider.Decide(closing));
        var behind = closing with { Members = Sights(Closed with { Offset = 11 }, Replica) };
        Because(Reason.HandingOver, behind);

        // The election that follows begins with what this Redis has.
        var late = Decider.Decide(behind with { UnchangedFor = Timings.CloseWait });
        Assert.Equal(SwitchStep.HandOver, Assert.IsType<Decision.Release>(late).Document.Switch!.Step);
        var cutOff = Sights(Closed with { Offset = 11 }, Replica with { IsLinkUp = false });
        Assert.IsType<Decision.Release>(Decider.Decide(closing with { Members = cutOff }));
    }

    [Fact]
    public void Next_master_takes_the_lease_without_waiting_and_needs_every_commit_for_it()
    {
        var taken = Assert.IsType<Decision.Acquire>(Decider.Decide(HandedOver)).Document;
        var change = taken.Change!;
        Assert.Equal((ChangeKind.Switch, "a", "a"), (change.Kind, change.From, change.LineIfNotCompleted!.Member));
        Assert.Null(taken.Switch);
        Assert.Contains(new HistoryPoint("history", long.MaxValue), change.Histories);
        Because(Reason.HandingOver, HandedOver with { Members = Sights(Closed, Replica with { Offset = 9 }) });
        Because(Reason.IsBound, HandedOver with { BoundFor = TimeSpan.FromSeconds(1) });
    }

    [Fact]
    public void Next_master_that_was_started_or_adopted_a_moment_ago_takes_the_lease_that_was_handed_over()
    {
        // What it may have promised before, or others without it, ended with the lease.
        Assert.IsType<Decision.Acquire>(Decider.Decide(HandedOver with { SinceStart = TimeSpan.Zero }));
        Assert.IsType<Decision.Acquire>(Decider.Decide(HandedOver with { MemberFor = TimeSpan.Zero }));
        Because(Reason.JustStarted, HandedOver with { SinceStart = TimeSpan.Zero, FreeFor = Timings.NextMasterWait });
    }

    [Fact]
    public void Former_master_takes_the_lease_back_after_a_while_and_not_before()
    {
        var view = HandedOver with { Self = "a" };
        Because(Reason.HandingOver, view);
        var late = Decider.Decide(view with { FreeFor = Timings.NextMasterWait });
        Assert.Equal(ChangeKind.TakeBack, Assert.IsType<Decision.Acquire>(late).Document.Change!.Kind);
    }

    [Fact]
    public void Change_of_a_switch_that_is_given_up_leaves_the_former_master_in_the_ledger()
    {
        var document = Assert.IsType<Decision.Acquire>(Decider.Decide(HandedOver)).Document;
        var view = HandedOver with
        {
            Document = document,
            State = new CoordinationState("b", 2, true, 8, default),
            LeaseEpoch = 2,
            LeaseLeft = Timings.Ttl,
            Members = Sights(Closed, RedisSight.Refused),
            SilentFor = Timings.DeadAfter,
        };
        var released = Assert.IsType<Decision.Release>(Decider.Decide(view)).Document;
        Assert.Equal(("a", 1), (Assert.Single(released.Ledger).Member, released.Ledger[0].Epoch));
        Assert.Equal(EventKind.GivenUp, released.Events[^1].What);
    }

    private static void Retracted(string why, ClusterView view)
    {
        var written = Written(view);
        Assert.Null(written.Switch);
        Assert.Equal(EventKind.Retracted, written.Events[^1].What);
        Assert.Contains(why, written.Events[^1].Why);
    }

    private static ClusterDocument Written(ClusterView view) =>
        Assert.IsType<Decision.Write>(Decider.Decide(view)).Document;

    private static void Because(Reason reason, ClusterView view) =>
        Assert.Equal(new Decision.Nothing(reason), Decider.Decide(view));

    private static Dictionary<string, MemberSight> Sights(RedisSight a, RedisSight b) =>
        new() { ["a"] = new MemberSight(a, true), ["b"] = new MemberSight(b, true) };
}
