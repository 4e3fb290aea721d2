using ClusterSession.Failover.Coordination;
using ClusterSession.Failover.Deciding;
using ClusterSession.Failover.Documents;
using ClusterSession.Failover.Sights;
using ClusterSession.Redis.Connection.Fencing;
using Xunit;

namespace ClusterSession.Failover.Tests.Deciding;

/// <summary>Single decisions; the simulation has their sequence.</summary>
public sealed class FailoverDeciderTests
{
    private static readonly FailoverTimings Timings = new();
    private static readonly FailoverDecider Decider = new(Timings);
    private static readonly RedisSight Replica = new()
    {
        RunId = "run-b",
        HistoryId = "history",
        Offset = 10,
        DataEpoch = 1,
    };

    private static readonly RedisSight Master = Replica with
    {
        RunId = "run-a",
        IsMaster = true,
        AdmitsClients = true,
        Record = new Tenure("run-a", 1),
    };

    private static readonly RedisSight Closed = Master with { Record = null, AdmitsClients = false };

    private static readonly ClusterDocument Document = new()
    {
        Members =
        [
            new ClusterMember("a", "redis-a:6379", "https://agent-a", MemberKind.Candidate),
            new ClusterMember("b", "redis-b:6379", "https://agent-b", MemberKind.Candidate),
        ],
        Ruler = new Ruler("a", "run-a", 1),
    };

    private static readonly ClusterView Free = new()
    {
        Self = "b",
        State = new CoordinationState(null, 1, false, 5, default),
        Document = Document,
        Members = Sights(RedisSight.Refused, Replica),
        SinceStart = TimeSpan.FromMinutes(1),
        FreeFor = TimeSpan.FromSeconds(1),
        Now = DateTimeOffset.UnixEpoch,
    };

    private static readonly ClusterView Ruling = Free with
    {
        Self = "a",
        State = new CoordinationState("a", 1, true, 5, default),
        Members = Sights(Master, Replica),
        LeaseEpoch = 1,
        LeaseLeft = Timings.Ttl,
    };

    [Fact]
    public void Free_lease_is_taken_with_the_former_ruler_in_the_ledger()
    {
        var document = Assert.IsType<Decision.Acquire>(Decider.Decide(Free)).Document;
        Assert.Equal(("a", 1, "run-a"), Line(Assert.Single(document.Ledger)));
        Assert.Null(document.Ruler);
        Assert.Equal((2, ChangeStep.PromoteTarget), (document.Change!.Epoch, document.Change.Step));
        static (string, long, string) Line(UnmergedData line) => (line.Member, line.Epoch, line.RunId);
    }

    /// <summary>The host of a master that has failed may have any time.</summary>
    [Fact]
    public void Data_of_a_master_that_has_failed_is_dated_by_the_clock_of_the_next_holder()
    {
        var failed = Ruling with
        {
            Now = Free.Now - TimeSpan.FromHours(5),
            Members = Sights(RedisSight.Refused, Replica),
        };
        var released = Assert.IsType<Decision.Release>(Decider.Decide(failed)).Document;
        Assert.True(Assert.Single(released.Ledger).IsDatedByItself);

        var read = ClusterDocument.Read(released.Write());
        var document = Assert.IsType<Decision.Acquire>(Decider.Decide(Free with { Document = read })).Document;
        var line = Assert.Single(document.Ledger);
        Assert.Equal(("a", Free.Now - Free.FreeFor, false), (line.Member, line.Since, line.IsDatedByItself));
    }

    /// <summary>As ZooKeeper does, whose epochs are numbers of transactions.</summary>
    [Fact]
    public void Holder_numbers_its_change_first_where_the_store_gave_a_higher_epoch()
    {
        var taken = Assert.IsType<Decision.Acquire>(Decider.Decide(Free)).Document;
        var view = Free with
        {
            State = new CoordinationState("b", 77, true, 6, default),
            Document = taken,
            LeaseEpoch = 77,
            LeaseLeft = Timings.Ttl,
        };
        var numbered = Assert.IsType<Decision.Write>(Decider.Decide(view)).Document;
        Assert.Equal(taken with { Change = numbered.Change }, numbered);
        Assert.Equal(taken.Change! with { Id = "failover-77", Epoch = 77 }, numbered.Change);
        Assert.IsType<Decision.Command>(Decider.Decide(view with { Document = numbered }));
    }

    [Fact]
    public void Free_lease_is_not_taken_by_an_agent_that_is_bound_or_was_just_started()
    {
        Because(Reason.IsBound, Free with { BoundFor = TimeSpan.FromSeconds(1) });
        Because(Reason.JustStarted, Free with { SinceStart = Timings.Ttl / 2 });
        Because(Reason.JustAdopted, Free with { MemberFor = Timings.Ttl });
        Because(Reason.Maintenance, Free with { Document = Document with { Maintenance = true } });
        Because(Reason.NotAMember, Free with { Document = Document with { Forgotten = ["b"] } });
    }

    [Fact]
    public void Lower_epoch_waits_and_is_flagged()
    {
        var view = Free with { Document = Document with { Ruler = new Ruler("a", "run-a", 3) } };
        Because(Reason.NewerDataOutOfReach, view);
        var acquired = Assert.IsType<Decision.Acquire>(Decider.Decide(view with { FreeFor = Timings.NewerDataWait }));
        Assert.True(acquired.Document.Change!.LacksNewerData);
        var line = Assert.Single(acquired.Document.Ledger);
        Assert.Equal(("a", 3L, true), (line.Member, line.Epoch, line.IsNewer));
    }

    [Fact]
    public void Change_that_began_without_newer_data_is_given_up_for_it_before_it_opens()
    {
        var change = new ClusterChange(
            "failover-4",
            ChangeKind.Failover,
            4,
            new RedisProcess("b", "run-b"),
            null,
            ChangeStep.PromoteTarget
        )
        {
            LacksNewerData = true,
        };
        var newer = Master with { DataEpoch = 3, Record = null, AdmitsClients = false };
        var view = Free with
        {
            State = new CoordinationState("b", 4, true, 6, default),
            LeaseEpoch = 4,
            LeaseLeft = Timings.Ttl,
            Document = Document with { Ruler = null, Change = change },
            Members = Sights(newer, Replica),
        };
        Assert.IsType<Decision.Release>(Decider.Decide(view));
        Assert.IsType<Decision.Command>(
            Decider.Decide(view with { Members = Sights(RedisSight.Unreachable, Replica) })
        );
        Assert.IsType<Decision.Command>(
            Decider.Decide(
                view with
                {
                    Document = view.Document with { Change = change with { LacksNewerData = false } },
                }
            )
        );
    }

    [Fact]
    public void Frozen_master_keeps_its_lease_until_its_record_has_expired()
    {
        var view = Ruling with
        {
            Members = Sights(RedisSight.Unreachable, Replica),
            SilentFor = Timings.DeadAfter,
            RecordLeft = TimeSpan.FromMilliseconds(1),
        };
        Because(Reason.RedisUnreachable, view);
        Assert.IsType<Decision.Release>(Decider.Decide(view with { RecordLeft = TimeSpan.Zero }));
        Assert.IsType<Decision.Release>(Decider.Decide(view with { Members = Sights(RedisSight.Refused, Replica) }));
    }

    [Fact]
    public void Master_that_refuses_writes_gives_way_to_a_follower_that_takes_them_and_to_nobody_else()
    {
        var full = Master with { RefusesWrites = true };
        var following = Replica with { Follows = Master.Record, IsLinkUp = true };
        Assert.Equal(
            new Decision.Command(new RedisAction.Close()),
            Decider.Decide(Ruling with { Members = Sights(full, following) })
        );
        var closed = full with { Record = null, AdmitsClients = false };
        Assert.IsType<Decision.Release>(Decider.Decide(Ruling with { Members = Sights(closed, following) }));
        Because(Reason.IsMaster, Ruling with { Members = Sights(full, following with { IsLinkUp = false }) });
        Because(Reason.IsMaster, Ruling with { Members = Sights(full, following with { RefusesWrites = true }) });
        Because(Reason.IsMaster, Ruling with { Members = Sights(full, RedisSight.Unreachable) });
    }

    [Fact]
    public void Member_that_refuses_writes_is_source_of_one_that_takes_them()
    {
        var full = Master with { RefusesWrites = true, Record = null, AdmitsClients = false, Offset = 11 };
        var view = Free with { Members = Sights(full, Replica) };
        var change = Assert.IsType<Decision.Acquire>(Decider.Decide(view)).Document.Change!;
        Assert.Equal(("b", "a"), (change.Target.Member, change.Source?.Member));
        Because(Reason.NotTheTarget, view with { Self = "a" });
    }

    [Fact]
    public void Restarted_master_is_given_up_and_never_opened_under_the_same_lease()
    {
        var restarted = Master with { RunId = "run-c", AdmitsClients = false };
        var released = Assert.IsType<Decision.Release>(
            Decider.Decide(Ruling with { Members = Sights(restarted, Replica) })
        );
        Assert.Equal("run-a", Assert.Single(released.Document.Ledger).RunId);
    }

    [Fact]
    public void Lease_is_not_released_while_a_command_to_open_may_come_late()
    {
        var full = Master with { RefusesWrites = true, Record = null, AdmitsClients = false };
        var following = Replica with { Follows = Master.Record, IsLinkUp = true };
        var view = Ruling with { Members = Sights(full, following), OpenLeft = TimeSpan.FromMilliseconds(1) };
        Because(Reason.GivingUp, view);
        Assert.IsType<Decision.Release>(Decider.Decide(view with { OpenLeft = TimeSpan.Zero }));
    }

    [Fact]
    public void Holder_renews_in_maintenance_too()
    {
        var view = Ruling with { Document = Document with { Maintenance = true }, LeaseLeft = Timings.Ttl / 3 };
        Assert.IsType<Decision.Renew>(Decider.Decide(view));
        Because(Reason.Maintenance, view with { LeaseLeft = Timings.Ttl });
    }

    [Fact]
    public void Redis_that_is_open_without_the_lease_is_closed()
    {
        var closed = new Decision.Command(new RedisAction.Close());
        Assert.Equal(closed, Decider.Decide(Ruling with { State = new CoordinationState("b", 2, true, 6, default) }));
        Assert.Equal(closed, Decider.Decide(Ruling with { State = null, LeaseLeft = TimeSpan.Zero }));
    }

    [Fact]
    public void Lost_store_is_bridged_by_promises_and_the_lease_then_taken_anew()
    {
        Assert.IsType<Decision.AskPromises>(Decider.Decide(Ruling with { State = null }));
        var back = Ruling with
        {
            State = new CoordinationState("a", 1, false, 5, default),
            OthersBoundFor = Timings.Ttl,
        };
        var change = Assert.IsType<Decision.Acquire>(Decider.Decide(back)).Document.Change!;
        Assert.Equal((ChangeKind.Regain, ChangeStep.Open, 2), (change.Kind, change.Step, change.Epoch));
    }

    [Fact]
    public void Master_that_is_seen_with_a_record_is_not_taken_for_closed()
    {
        var behind = Master with { Offset = 9 };
        Assert.Empty(Contained(behind));
        Assert.Equal([new RedisProcess("a", "run-a")], Contained(behind with { Record = null }));
        static IReadOnlyList<RedisProcess> Contained(RedisSight a) =>
            Assert
                .IsType<Decision.Acquire>(Decider.Decide(Free with { Members = Sights(a, Replica) }))
                .Document.Change!.Contained;
    }

    [Fact]
    public void Replica_leaves_its_former_master_and_is_looked_at_again_before_it_follows()
    {
        var former = Replica with { Follows = new Tenure("run-z", 7) };
        var view = Ruling with { Self = "b", Members = Sights(Master, former), LeaseEpoch = 0, LeaseLeft = default };
        var leave = new RedisAction.Leave("a", "run-a");
        Assert.Equal(new Decision.Command(leave), Decider.Decide(view));
        var next = view with { Members = Sights(Master, former with { Follows = leave.Tenure }) };
        Assert.Equal(new Decision.Command(new RedisAction.Follow("a", new Tenure("run-a", 1))), Decider.Decide(next));
    }

    [Fact]
    public void Discard_does_not_reach_data_that_its_member_got_later()
    {
        var former = Master with { DataEpoch = 3, Record = null, AdmitsClients = false, HistoryId = "other" };
        var ruler = Master with { RunId = "run-b", DataEpoch = 4, Record = new Tenure("run-b", 4), HistoryId = "next" };
        var view = Ruling with
        {
            State = new CoordinationState("b", 4, true, 5, default),
            Members = Sights(former, ruler),
            Document = Document with { Ruler = new Ruler("b", "run-b", 4), Discards = [new Discard("a", 2)] },
        };
        Because(Reason.Unmerged, view);
        var given = view with { Document = view.Document with { Discards = [new Discard("a", 3)] } };
        Assert.IsType<RedisAction.Follow>(Assert.IsType<Decision.Command>(Decider.Decide(given)).What);
    }

    [Fact]
    public void Discard_of_a_target_ends_before_it_opens()
    {
        var change = new ClusterChange(
            "failover-4",
            ChangeKind.Failover,
            4,
            new RedisProcess("b", "run-b"),
            null,
            ChangeStep.PromoteTarget
        );
        var view = Free with
        {
            State = new CoordinationState("b", 4, true, 6, default),
            LeaseEpoch = 4,
            LeaseLeft = Timings.Ttl,
            Document = Document with { Ruler = null, Change = change, Discards = [new Discard("b", 1)] },
            Members = Sights(RedisSight.Refused, Replica with { IsMaster = true }),
        };
        var written = Assert.IsType<Decision.Write>(Decider.Decide(view)).Document;
        Assert.Equal(ChangeStep.Open, written.Change!.Step);
        Assert.Empty(written.Discards);
    }

    [Theory]
    [InlineData(ChangeStep.PromoteTarget)]
    [InlineData(ChangeStep.Open)]
    public void Target_that_cannot_be_opened_is_given_up_and_passed_over_for_another(object step)
    {
        var change = new ClusterChange(
            "failover-4",
            ChangeKind.Failover,
            4,
            new RedisProcess("b", "run-b"),
            null,
            (ChangeStep)step
        );
        var view = Free with
        {
            State = new CoordinationState("b", 4, true, 6, default),
            LeaseEpoch = 4,
            LeaseLeft = Timings.Ttl,
            Document = Document with { Ruler = null, Change = change },
            Members = Sights(
                Closed with
                {
                    Offset = 9,
                },
                Replica with
                {
                    IsMaster = (ChangeStep)step == ChangeStep.Open,
                }
            ),
            UnchangedFor = Timings.StepWait - Timings.Interval,
        };
        Assert.IsType<Decision.Command>(Decider.Decide(view));
        var document = Assert
            .IsType<Decision.Release>(Decider.Decide(view with { UnchangedFor = Timings.StepWait }))
            .Document;
        var free = view with
        {
            State = new CoordinationState(null, 4, false, 7, default),
            Document = document,
            LeaseEpoch = 0,
        };
        Because(Reason.NotTheTarget, free);
        Assert.IsType<Decision.Acquire>(Decider.Decide(free with { Self = "a" }));
        var alone = free with { Members = Sights(RedisSight.Refused, Replica) };
        Assert.IsType<Decision.Acquire>(Decider.Decide(alone with { FreeFor = Timings.NewerDataWait }));
        Assert.IsType<Decision.Acquire>(Decider.Decide(free with { Now = free.Now + Timings.PassOver }));
    }

    [Fact]
    public void Target_with_a_link_to_another_than_its_source_does_not_wait_for_ever()
    {
        var change = new ClusterChange(
            "failover-4",
            ChangeKind.Failover,
            4,
            new RedisProcess("b", "run-b"),
            new RedisProcess("a", "run-a"),
            ChangeStep.PromoteSource
        );
        var view = Free with
        {
            State = new CoordinationState("b", 4, true, 6, default),
            LeaseEpoch = 4,
            LeaseLeft = Timings.Ttl,
            Document = Document with { Ruler = null, Change = change },
            UnchangedFor = Timings.StepWait,
            Members = Sights(
                RedisSight.Unreachable,
                Replica with
                {
                    Follows = new Tenure("run-z", 3),
                    IsLinkUp = true,
                }
            ),
        };
        Assert.IsType<Decision.Release>(Decider.Decide(view));
        Because(Reason.ChangeUnderWay, view with { UnchangedFor = Timings.StepWait - Timings.Interval });
    }

    [Fact]
    public void Master_whose_lease_ran_out_in_maintenance_takes_it_again_and_is_opened()
    {
        var view = Ruling with
        {
            State = new CoordinationState("a", 1, false, 5, default),
            Members = Sights(Closed, Replica),
            Document = Document with { Maintenance = true },
            LeaseEpoch = 0,
            LeaseLeft = TimeSpan.Zero,
        };
        var document = Assert.IsType<Decision.Acquire>(Decider.Decide(view)).Document;
        Assert.Equal(ChangeKind.Regain, document.Change!.Kind);
        var held = view with
        {
            State = new CoordinationState("a", 2, true, 6, default),
            Document = document,
            LeaseEpoch = 2,
            LeaseLeft = Timings.Ttl,
        };
        Assert.IsType<RedisAction.Open>(Assert.IsType<Decision.Command>(Decider.Decide(held)).What);
        Because(Reason.Maintenance, view with { Members = Sights(Closed with { RunId = "run-c" }, Replica) });
        Because(Reason.Maintenance, view with { State = new CoordinationState("b", 2, false, 5, default) });
        Because(Reason.Maintenance, view with { Self = "b" });
    }

    [Fact]
    public void Candidate_that_flaps_is_barred_only_while_another_may_become_master()
    {
        var often = Enumerable.Repeat(new Promotion("b", Free.Now), Timings.MaxPromotions).ToArray();
        var view = Free with
        {
            Document = Document with { Promotions = often },
            Members = Sights(Closed with { Offset = 9 }, Replica),
        };
        Because(Reason.NotTheTarget, view);
        Assert.IsType<Decision.Acquire>(Decider.Decide(view with { Members = Sights(RedisSight.Refused, Replica) }));
        var both = often.Append(new Promotion("a", Free.Now)).Concat(often.Select(at => at with { Member = "a" }));
        Assert.IsType<Decision.Acquire>(
            Decider.Decide(view with { Document = view.Document with { Promotions = [.. both] } })
        );
    }

    private static void Because(Reason reason, ClusterView view) =>
        Assert.Equal(new Decision.Nothing(reason), Decider.Decide(view));

    private static Dictionary<string, MemberSight> Sights(RedisSight a, RedisSight b) =>
        new() { ["a"] = new MemberSight(a, true), ["b"] = new MemberSight(b, true) };
}
