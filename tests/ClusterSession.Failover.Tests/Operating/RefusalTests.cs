using ClusterSession.Failover.Coordination;
using ClusterSession.Failover.Deciding;
using ClusterSession.Failover.Documents;
using ClusterSession.Failover.Operating;
using ClusterSession.Failover.Sights;
using ClusterSession.Redis.Connection.Fencing;
using Xunit;

namespace ClusterSession.Failover.Tests.Operating;

/// <summary>What is not done, why, and what helps; and what is done with a warning.</summary>
public sealed class RefusalTests
{
    private static readonly FailoverTimings Timings = new();
    private static readonly Tenure Lease = new("run-a", 4);
    private static readonly DateTimeOffset Now = DateTimeOffset.UnixEpoch;
    private static readonly RedisSight Replica = new()
    {
        RunId = "run-b",
        HistoryId = "history",
        Offset = 1000,
        DataEpoch = 4,
        Follows = Lease,
        IsLinkUp = true,
        Record = Lease,
    };

    private static readonly ClusterDocument Usual = new()
    {
        Members =
        [
            new ClusterMember("a", "redis-a:6379", "https://agent-a", MemberKind.Candidate),
            new ClusterMember("b", "redis-b:6379", "https://agent-b", MemberKind.Candidate),
            new ClusterMember("c", "redis-c:6379", "https://agent-c", MemberKind.ReadReplica),
        ],
        Ruler = new Ruler("a", "run-a", 4),
    };

    private static readonly ClusterDocument WithLedger = Usual with { Ledger = [new UnmergedData(3, "b", "old", Now)] };
    private readonly Dictionary<string, MemberSight> _sights = new()
    {
        ["a"] = new MemberSight(
            Replica with
            {
                RunId = "run-a",
                IsMaster = true,
                Follows = null,
                AdmitsClients = true,
                Admits = [Lease],
            },
            true
        ),
        ["b"] = new MemberSight(Replica, true),
        ["c"] = new MemberSight(Replica with { RunId = "run-c" }, true),
    };

    private CoordinationState State { get; set; } = new("a", 4, true, 9, default);

    private static OperatorCommand ToB => new OperatorCommand.SwitchTo("b");

    [Fact]
    public void Usual_cluster_takes_every_command()
    {
        Planned(ToB, Usual);
        Planned(new OperatorCommand.Failover(), Usual);
        Planned(new OperatorCommand.Reinit("b"), Usual);
        Planned(new OperatorCommand.MaintenanceOn(), Usual);
        Planned(new OperatorCommand.MaintenanceOff(), Usual with { Maintenance = true });
        Planned(new OperatorCommand.Discard("b"), WithLedger);
        _sights.Remove("c");
        Planned(new OperatorCommand.Forget("c"), Usual);
    }

    [Fact]
    public void Everything_but_its_end_is_refused_in_maintenance()
    {
        var document = Usual with { Maintenance = true };
        OperatorCommand[] commands =
        [
            ToB,
            new OperatorCommand.Failover(),
            new OperatorCommand.Forget("b"),
            new OperatorCommand.Discard("b"),
            new OperatorCommand.Reinit("b"),
            new OperatorCommand.MaintenanceOn(),
        ];
        Assert.All(commands, command => Refused("maintenance", command, document));
        Refused("not in maintenance", new OperatorCommand.MaintenanceOff(), Usual);
    }

    [Fact]
    public void Everything_but_the_end_of_maintenance_is_refused_while_a_change_is_under_way()
    {
        var document = Usual with
        {
            Ruler = null,
            Change = new ClusterChange(
                "failover-4",
                ChangeKind.Failover,
                4,
                new RedisProcess("a", "run-a"),
                null,
                ChangeStep.Open
            ),
        };
        OperatorCommand[] commands =
        [
            ToB,
            new OperatorCommand.Failover(),
            new OperatorCommand.Forget("b"),
            new OperatorCommand.Reinit("b"),
            new OperatorCommand.MaintenanceOn(),
        ];
        Assert.All(commands, command => Refused("failover-4 is under way", command, document));
    }

    [Fact]
    public void Maintenance_retracts_a_switch_that_has_not_begun_and_no_other()
    {
        var asked = new SwitchRequest(new RedisProcess("a", "run-a"), "b", 4, Now, SwitchStep.Wait);
        var planned = Planned(new OperatorCommand.MaintenanceOn(), Usual with { Switch = asked });
        Assert.Null(planned.Document.Switch);
        Assert.Contains(planned.Warnings, warning => warning.Contains("switch to b", StringComparison.Ordinal));
        Refused(
            "step Close",
            new OperatorCommand.MaintenanceOn(),
            Usual with
            {
                Switch = asked with { Step = SwitchStep.Close },
            }
        );
    }

    [Fact]
    public void Members_of_the_settings_are_adopted_with_new_ones_new_addresses_and_forgotten_ones()
    {
        var d = new ClusterMember("d", "redis-d:6379", "https://agent-d", MemberKind.Candidate);
        var moved = Usual.Members[1] with { Redis = "redis-b2:6379" };
        ClusterMember[] configured = [moved, Usual.Members[0], Usual.Members[2], d];
        var planned = Planned(new OperatorCommand.Adopt(configured), Usual with { Forgotten = ["d", "old"] });
        Assert.Equal(configured, planned.Document.Members);
        Assert.Equal(["old"], planned.Document.Forgotten);
        Assert.Equal(
            [
                "b is known by Redis redis-b2:6379, agent https://agent-b, as a candidate.",
                "d becomes a member (candidate), Redis redis-d:6379, agent https://agent-d.",
                "As master are preferred, in this order: b, a, c, d.",
            ],
            planned.Steps.Select(step => step.Sentence)
        );
    }

    [Fact]
    public void Members_are_not_adopted_where_one_would_vanish_or_nothing_would_change()
    {
        var refused = Refused("c is a member", new OperatorCommand.Adopt([.. Usual.Members.Take(2)]), Usual);
        Assert.Contains("forget c", refused.Remedy);
        Refused("has the members", new OperatorCommand.Adopt([.. Usual.Members]), Usual);
        var withoutC = Usual with { Forgotten = ["c"] };
        Refused("has the members", new OperatorCommand.Adopt([.. Usual.Members.Take(2)]), withoutC);
    }

    [Fact]
    public void Switch_is_refused_to_whom_cannot_take_it()
    {
        Refused("x is not a member", new OperatorCommand.SwitchTo("x"), Usual);
        Refused("a is master already", new OperatorCommand.SwitchTo("a"), Usual);
        Refused("c is a read replica", new OperatorCommand.SwitchTo("c"), Usual);
        See("b", Replica, isAlive: false);
        Refused("agent of b is not responding", ToB, Usual);
        See("b", RedisSight.Unreachable);
        Refused("Redis of b is not responding", ToB, Usual);
        See("b", Replica with { Follows = null });
        Refused("b does not follow a", ToB, Usual);
        See("b", Replica with { IsLinkUp = false });
        Refused("replication link of b to a is down", ToB, Usual);
        See("a", RedisSight.Unreachable);
        Refused("Redis of the master a is not responding", ToB, Usual);
        See("a", RedisSight.Unreachable, isAlive: false);
        Refused("agent of the master a is not responding", ToB, Usual);
        State = State with { LastHolder = null, IsHeld = false };
        Refused("No member is master", ToB, Usual);
    }

    [Fact]
    public void Switch_warns_of_a_next_master_that_is_behind_with_the_number_of_bytes()
    {
        See("a", _sights["a"].Redis with { Offset = 6_001_000 });
        var warning = Assert.Single(Planned(ToB, Usual).Warnings);
        Assert.Contains("b is 6000000 bytes behind a", warning);
    }

    [Fact]
    public void Failover_is_refused_where_nobody_can_have_the_masters_data()
    {
        See("b", RedisSight.Unreachable);
        Refused("No other candidate", new OperatorCommand.Failover(), Usual);
    }

    [Fact]
    public void Failover_is_refused_where_newer_data_is_out_of_reach_unless_it_is_discarded()
    {
        State = State with { LastHolder = null, IsHeld = false };
        See("a", RedisSight.Refused);
        See("b", Replica with { DataEpoch = 3, IsLinkUp = false });
        See("c", RedisSight.Refused, isAlive: false);
        var refused = Refused("a may have newer data", new OperatorCommand.Failover(), Usual);
        Assert.EndsWith(
            "Last resort, which destroys what only a has got: cluster-session failover now --discard a",
            refused.Remedy
        );
        var planned = Planned(new OperatorCommand.Failover("a"), Usual);
        Assert.Equal([new Discard("a", 4)], planned.Document.Discards);
        Assert.Contains(planned.Warnings, warning => warning.Contains("only a has", StringComparison.Ordinal));
    }

    [Fact]
    public void Discard_is_refused_for_whom_is_not_in_the_ledger()
    {
        Refused("not in the list of data not merged", new OperatorCommand.Discard("b"), Usual);
        Refused("a is the master", new OperatorCommand.Discard("a"), WithLedger);
        Refused("discarded already", new OperatorCommand.Discard("b"), Discarded(4));
        Planned(new OperatorCommand.Discard("b"), Discarded(2));
        Refused("x is not a member", new OperatorCommand.Discard("x"), WithLedger);
        Refused("not in the list of data not merged", new OperatorCommand.Failover("b"), Usual);
    }

    [Fact]
    public void Forget_is_refused_for_whom_is_alive_or_has_data_of_its_own()
    {
        Refused("a holds the lease", new OperatorCommand.Forget("a"), Usual);
        Refused("agent of b is responding", new OperatorCommand.Forget("b"), Usual);
        See("b", Replica, isAlive: false);
        Refused("Redis of b is responding", new OperatorCommand.Forget("b"), Usual);
        See("b", RedisSight.Unreachable, isAlive: false);
        var kept = Refused("data of epoch 3", new OperatorCommand.Forget("b"), WithLedger);
        Assert.Contains("would be forgotten with it", kept.Reason);
        Assert.Contains("destroys what only b has got: cluster-session failover discard b", kept.Remedy);
        Assert.Contains("Copy the files of", kept.Remedy);
        var planned = Planned(new OperatorCommand.Forget("b"), Discarded(3));
        Assert.Null(planned.Document.Find("b"));
        Assert.Empty(planned.Document.Ledger);
        Assert.Contains("1 candidate is left", Assert.Single(planned.Warnings));
        Assert.StartsWith("What b has is lost with it", Assert.Single(planned.Notes));
        Refused("b is not a member", new OperatorCommand.Forget("b"), planned.Document);
    }

    [Fact]
    public void Forget_without_a_master_warns_of_newer_data_of_whom_only_followed()
    {
        See("b", RedisSight.Unreachable, isAlive: false);
        Assert.DoesNotContain(Planned(new OperatorCommand.Forget("b"), Usual).Warnings, warning =>
            warning.Contains("newer data", StringComparison.Ordinal)
        );
        State = State with { LastHolder = null, IsHeld = false };
        Assert.Contains(Planned(new OperatorCommand.Forget("b"), Usual with { Ruler = null }).Warnings, warning =>
            warning.StartsWith(
                "There is no master, and b may have newer data than all others.",
                StringComparison.Ordinal
            )
        );
    }

    [Fact]
    public void Discard_without_a_master_warns_of_the_only_copy_while_others_are_out_of_sight()
    {
        Assert.DoesNotContain(Planned(new OperatorCommand.Discard("b"), WithLedger).Warnings, warning =>
            warning.Contains("only copy", StringComparison.Ordinal)
        );
        State = State with { LastHolder = null, IsHeld = false };
        See("a", RedisSight.Unreachable, isAlive: false);
        var warnings = Planned(new OperatorCommand.Discard("b"), WithLedger).Warnings;
        Assert.Contains(warnings, warning =>
            warning.Contains("b may have the only copy left", StringComparison.Ordinal)
        );
    }

    [Fact]
    public void Reinit_is_refused_for_the_master_and_for_whom_has_data_of_its_own()
    {
        Refused("a is the master", new OperatorCommand.Reinit("a"), Usual);
        var refused = Refused("data of epoch 3", new OperatorCommand.Reinit("b"), WithLedger);
        Assert.Contains("discard b", refused.Remedy);
        Refused(
            "replaced already",
            new OperatorCommand.Reinit("b"),
            Usual with
            {
                Reinits = [new MemberReinit("b", ReinitStep.Detach)],
            }
        );
        See("b", Replica with { Follows = null });
        Refused("does not follow", new OperatorCommand.Reinit("b"), Usual);
        See("b", Replica, isAlive: false);
        Refused("not responding", new OperatorCommand.Reinit("b"), Usual);
    }

    [Fact]
    public void Cluster_without_a_document_takes_no_command()
    {
        State = CoordinationState.None;
        Refused("no record", ToB, Usual);
    }

    private static ClusterDocument Discarded(long epoch) => WithLedger with { Discards = [new Discard("b", epoch)] };

    private void See(string member, RedisSight redis, bool isAlive = true) =>
        _sights[member] = new MemberSight(redis, isAlive);

    private PlanResult Plan(OperatorCommand command, ClusterDocument document) =>
        new CommandPlanner(Timings).Plan(command, document, State, _sights, Now);

    private PlanResult.Planned Planned(OperatorCommand command, ClusterDocument document)
    {
        var outcome = Plan(command, document);
        Assert.True(outcome is PlanResult.Planned, outcome.ToString());
        var planned = (PlanResult.Planned)outcome;
        Assert.NotEmpty(planned.Steps);
        Assert.True(planned.Document.Events.Count > document.Events.Count);
        return planned;
    }

    private PlanResult.Refused Refused(string reason, OperatorCommand command, ClusterDocument document)
    {
        var refused = Assert.IsType<PlanResult.Refused>(Plan(command, document));
        Assert.Contains(reason, refused.Reason);
        Assert.NotEmpty(refused.Remedy);
        return refused;
    }
}
