using ClusterSession.Cli.Commands;
using ClusterSession.Cli.Verdicts;
using ClusterSession.Failover.Face;
using Xunit;

namespace ClusterSession.Cli.Tests.Verdicts;

/// <summary>Rules that all texts keep, so that nobody is led to lose data.</summary>
public sealed class WordingTests
{
    [Fact]
    public async Task Command_that_destroys_stands_once_for_each_member_and_never_in_what_to_do()
    {
        foreach (var status in Clusters.All.Values)
        {
            var verdict = ClusterVerdict.Of(status);
            Assert.DoesNotContain("discard ", verdict.ToDo + verdict.Next, StringComparison.Ordinal);
            Assert.All(verdict.Alarms, alarm =>
                Assert.DoesNotContain("failover discard", alarm.Remedy, StringComparison.Ordinal)
            );
            await using var agent = await FakeAgent.StartAsync(status);
            var run = await ToolRun.RunAsync(
                terminal => terminal with { Width = 1000 },
                "failover",
                "status",
                "--agent",
                agent.Address
            );
            Assert.All(status.Members, member =>
                Assert.True(run.Output.Split($"failover discard {member.Name}").Length <= 2, run.Output)
            );
        }
    }

    [Fact]
    public void Data_is_not_to_be_discarded_while_the_only_other_copy_is_out_of_sight()
    {
        var facts = new ClusterFacts(Clusters.FormerAlone);
        Assert.EndsWith(
            "Do not discard its data while redis-b is not responding: redis-a may have the only copy left.",
            DataLoss.Discard(facts, "redis-a"),
            StringComparison.Ordinal
        );
        var newest = DataLoss.Discard(new ClusterFacts(Clusters.NewerDataOutOfReach), "redis-b");
        Assert.EndsWith(
            "To destroy what only redis-b has: cluster-session failover discard redis-b",
            newest,
            StringComparison.Ordinal
        );
    }

    [Fact]
    public void Data_is_not_to_be_discarded_while_the_store_is_not_responding() =>
        Assert.Contains(
            "before the coordination store responds",
            DataLoss.Discard(new ClusterFacts(Clusters.CutOff), "redis-a"),
            StringComparison.Ordinal
        );

    [Fact]
    public void Member_with_data_that_others_may_lack_is_not_to_be_forgotten()
    {
        Assert.Contains("refused until", RemedyOf(Clusters.CutOff, "member-not-responding"), StringComparison.Ordinal);
        Assert.Contains(
            "while there is no master",
            RemedyOf(Clusters.FormerAlone, "member-not-responding"),
            StringComparison.Ordinal
        );
        Assert.EndsWith(
            "failover forget redis-b",
            RemedyOf(Clusters.LastOneLeft, "member-not-responding"),
            StringComparison.Ordinal
        );
    }

    [Fact]
    public void Nobody_to_promote_names_what_helps_against_its_cause_and_the_alarm_that_it_follows_from()
    {
        var master = Clusters.Master("redis-a", 7);
        var follower = Clusters.Replica("redis-b", "redis-a", 7);
        ClusterStatus With(ClusterMemberStatus other) => Clusters.Healthy with { Members = [master, other] };
        Assert.StartsWith("Start Redis and agent of redis-b.", Remedy(With(Clusters.Dead("redis-b", 7))));
        Assert.StartsWith("Start the agent of redis-b.", Remedy(With(follower with { IsAgentAlive = false })));
        Assert.StartsWith(
            "See that redis-b reaches the Redis of redis-a",
            Remedy(With(follower with { IsLinkUp = false }))
        );
        var unmerged = With(Clusters.Closed("redis-b", 6)) with
        {
            Ledger = [new LedgerLine("redis-b", 6, Clusters.Noon, false)],
        };
        Assert.StartsWith("Wait: redis-b follows when what only it has was merged.", Remedy(unmerged));
        Assert.Equal(
            ["unmerged-data"],
            ClusterVerdict.Of(unmerged).Alarms.Single(alarm => alarm.Name == "nobody-to-promote").Causes!
        );
        Assert.DoesNotContain(
            ClusterVerdict.Of(With(follower) with { Promotions = Clusters.Flapping.Promotions }).Alarms,
            alarm => alarm.Name == "nobody-to-promote"
        );
        Assert.StartsWith(
            "Name another candidate",
            Remedy(With(follower with { Kind = Failover.Documents.MemberKind.ReadReplica }))
        );
    }

    [Fact]
    public void Alarm_names_no_cause_that_it_does_not_follow_from()
    {
        var alarms = ClusterVerdict.Of(Clusters.CutOff).Alarms;
        Assert.DoesNotContain("flapping", alarms.Single(alarm => alarm.Name == "no-master").Causes!);
        Assert.Contains(
            "flapping",
            ClusterVerdict.Of(Clusters.Flapping).Alarms.Single(alarm => alarm.Name == "no-master").Causes!
        );
        var maintained = ClusterVerdict.Of(Clusters.LastOneLeft with { IsMaintenance = true }).Alarms;
        Assert.Equal(["member-not-responding"], maintained.Single(alarm => alarm.Name == "nobody-to-promote").Causes!);
    }

    [Fact]
    public async Task Nothing_is_called_well_beside_an_alarm()
    {
        foreach (var status in Clusters.All.Values.Where(status => ClusterVerdict.Of(status).Alarms.Count > 0))
        {
            Assert.DoesNotContain("is well", await PageAsync(status), StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task Lease_is_renewed_by_an_agent_that_responds_and_else_runs_out()
    {
        Assert.Contains("renewed again and again until redis-a releases it", await PageAsync(Clusters.Healthy));
        var silent = Clusters.Healthy with
        {
            Self = "redis-b",
            Members = [Clusters.Dead("redis-a", 7), Clusters.Closed("redis-b", 7)],
            Ruler = null,
        };
        Assert.Contains("it runs out, unless the agent of redis-a", await PageAsync(silent));
    }

    [Fact]
    public void Hand_over_that_is_not_taken_goes_back_as_its_plan_says()
    {
        var status = Clusters.Healthy with
        {
            Members = [Clusters.Closed("redis-a", 7), Clusters.Replica("redis-b", "redis-a", 7)],
            Ruler = null,
            Switch = new SwitchStatus(Failover.Documents.SwitchStep.HandOver, "redis-a", "redis-b", Clusters.Noon),
        };
        Assert.Contains("redis-a takes its place as master back", ClusterVerdict.Of(status).ToDo);
        var asked = status with { Switch = status.Switch! with { From = null, To = null } };
        Assert.Contains("another member takes it", ClusterVerdict.Of(asked).ToDo);
    }

    [Fact]
    public void Dead_master_in_maintenance_is_brought_back_first()
    {
        var toDo = ClusterVerdict.Of(Clusters.DeadInMaintenance).ToDo;
        Assert.StartsWith("First bring back the Redis of redis-a with its data.", toDo, StringComparison.Ordinal);
        Assert.Contains("what redis-a had not sent may be missing", toDo, StringComparison.Ordinal);
        Assert.EndsWith("maintenance off", toDo, StringComparison.Ordinal);
    }

    [Fact]
    public void Bar_that_counts_is_said_with_its_end_and_what_overrides_it()
    {
        var barred = Clusters.CutOff with { Members = [Clusters.Closed("redis-a", 8), Clusters.Closed("redis-b", 8)] };
        var next = ClusterVerdict.Of(barred).Next;
        Assert.Contains("redis-b was promoted 3 times", next, StringComparison.Ordinal);
        Assert.Contains("is passed over until 2026-03-14 12:08:00Z", next, StringComparison.Ordinal);
        Assert.Contains(
            "\"cluster-session failover now\" promotes it all the same then",
            next,
            StringComparison.Ordinal
        );
        Assert.DoesNotContain("passed over", ClusterVerdict.Of(Clusters.CutOff).Next, StringComparison.Ordinal);
        var less = barred with { Members = [Clusters.Closed("redis-a", 7), Clusters.Closed("redis-b", 8)] };
        Assert.DoesNotContain("passed over", ClusterVerdict.Of(less).Next, StringComparison.Ordinal);
    }

    [Fact]
    public void Agent_without_the_store_marks_what_it_knew_last_and_names_the_voter()
    {
        var verdict = ClusterVerdict.Of(Clusters.CutOff);
        Assert.Contains("the voter (http://voter.example:7400)", verdict.Why, StringComparison.Ordinal);
        Assert.All(verdict.Alarms.Where(alarm => alarm.Name is "flapping" or "unmerged-data"), alarm =>
            Assert.EndsWith("as the agent of redis-b knew it last.", alarm.Sentence, StringComparison.Ordinal)
        );
    }

    [Theory]
    [InlineData("cluster-session failover switch --to redis-b", "switch", "redis-b")]
    [InlineData("cluster-session failover maintenance off", "maintenance-off", null)]
    [InlineData("cluster-session failover forget 'the old one'", "forget", "the old one")]
    [InlineData("cluster-session failover adopt", "adopt", null)]
    public void Plan_names_the_command_as_it_is_typed(string typed, string command, string? member) =>
        Assert.Equal(typed, CommandLine.Of(new CommandRequest(command, member)));

    [Fact]
    public void Plan_of_a_failover_names_what_is_given_up_for_it() =>
        Assert.Equal(
            "cluster-session failover now --discard redis-b --discard redis-c",
            CommandLine.Of(new CommandRequest("failover", Discards: ["redis-b", "redis-c"]))
        );

    private static async Task<string> PageAsync(ClusterStatus status)
    {
        await using var agent = await FakeAgent.StartAsync(status);
        var run = await ToolRun.RunAsync(
            terminal => terminal with { Width = 1000 },
            "failover",
            "status",
            "--agent",
            agent.Address
        );
        return run.Output;
    }

    private static string Remedy(ClusterStatus status) => RemedyOf(status, "nobody-to-promote");

    private static string RemedyOf(ClusterStatus status, string alarm) =>
        ClusterVerdict.Of(status).Alarms.First(one => one.Name == alarm).Remedy;
}
