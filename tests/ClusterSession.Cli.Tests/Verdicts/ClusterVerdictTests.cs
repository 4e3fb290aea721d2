using ClusterSession.Cli.Shell;
using ClusterSession.Cli.Verdicts;
using ClusterSession.Failover.Documents;
using ClusterSession.Failover.Face;
using Xunit;

namespace ClusterSession.Cli.Tests.Verdicts;

public sealed class ClusterVerdictTests
{
    [Fact]
    public void Healthy_cluster_has_nothing_to_do()
    {
        var verdict = ClusterVerdict.Of(Clusters.Healthy);
        Assert.Equal("redis-a is the master; all 2 replicas follow.", verdict.Headline);
        Assert.Equal((Health.Healthy, ExitCode.Done, "Nothing."), (verdict.Health, verdict.ExitCode, verdict.ToDo));
        Assert.Empty(verdict.Alarms);
    }

    [Fact]
    public void Dead_master_with_a_failover_running_says_why_since_when_and_what_is_next()
    {
        var verdict = ClusterVerdict.Of(Clusters.FailoverRunning);
        Assert.Equal("No master at this moment: a failover to redis-b is under way.", verdict.Headline);
        Assert.Equal((Health.Down, ExitCode.Down), (verdict.Health, verdict.ExitCode));
        Assert.Contains("redis-a is not responding", verdict.Why, StringComparison.Ordinal);
        Assert.Equal(Clusters.FailoverRunning.Change!.Since, verdict.Since);
        Assert.Contains("then redis-b is the master", verdict.Next, StringComparison.Ordinal);
        Assert.StartsWith("Nothing", verdict.ToDo, StringComparison.Ordinal);
        Assert.DoesNotContain(verdict.Alarms, alarm => alarm.Name is "no-master" or "change-stuck");
    }

    [Fact]
    public void Failover_that_stands_still_alarms()
    {
        var status = Clusters.FailoverRunning;
        var verdict = ClusterVerdict.Of(
            status with
            {
                Change = status.Change! with { Since = Clusters.Noon - TimeSpan.FromMinutes(1) },
            }
        );
        Assert.Equal("change-stuck", verdict.Alarms[0].Name);
        Assert.Contains("agent of redis-b", verdict.ToDo, StringComparison.Ordinal);
    }

    [Fact]
    public void Voter_that_is_away_is_an_alarm_whichever_agent_is_asked()
    {
        var alarm = Assert.Single(ClusterVerdict.Of(Clusters.VoterAway).Alarms);
        Assert.Equal("voter-not-responding", alarm.Name);
        var other = Clusters.VoterAway with { Store = Clusters.VoterAway.Store with { Silent = null } };
        Assert.Empty(ClusterVerdict.Of(other).Alarms);
        var asked = new[] { new AgentView(new Uri("http://redis-a.example:7400"), Clusters.VoterAway, null) };
        Assert.Equal("voter-not-responding", Assert.Single(ClusterVerdict.Of(other, asked).Alarms).Name);
    }

    [Fact]
    public void Way_back_to_the_preferred_member_is_announced_and_its_end_of_waiting_named()
    {
        var status = Clusters.WayBack;
        Assert.Contains("hands over to it without loss", ClusterVerdict.Of(status).Next, StringComparison.Ordinal);
        var later = status with { Return = status.Return! with { NotBefore = Clusters.Noon } };
        Assert.EndsWith("not before 2026-03-14 12:00:00Z.", ClusterVerdict.Of(later).Next, StringComparison.Ordinal);
        Assert.Null(ClusterVerdict.Of(status with { Return = status.Return with { IsOff = true } }).Next);
    }

    [Fact]
    public void While_a_merge_runs_nobody_is_advised_to_discard_its_data()
    {
        var verdict = ClusterVerdict.Of(Clusters.Merging);
        var alarm = verdict.Alarms.Single(alarm => alarm.Name == "nobody-to-promote");
        Assert.StartsWith("Wait: redis-a follows", alarm.Remedy, StringComparison.Ordinal);
        Assert.DoesNotContain("discarded", alarm.Remedy, StringComparison.Ordinal);
    }

    [Fact]
    public void Master_whose_agent_was_killed_is_named_with_what_comes_next()
    {
        var verdict = ClusterVerdict.Of(Clusters.AgentOfTheMasterDead);
        Assert.Equal("No master: the agent of redis-a is not responding, so its Redis has closed.", verdict.Headline);
        Assert.StartsWith("Start the agent of redis-a.", verdict.ToDo, StringComparison.Ordinal);
        Assert.DoesNotContain("follows the master", verdict.Why, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(41_984L, "41 KiB that redis-b did not have at 2026-03-14 11:59:46Z")]
    [InlineData(0L, "At most what redis-a wrote after 2026-03-14 11:59:46Z")]
    [InlineData(null, "It is not known how much redis-a wrote that redis-b lacks.")]
    public void Dead_former_master_is_named_with_how_much_users_miss_until_it_is_back(long? ahead, string expected)
    {
        var dead = Clusters.FormerMasterDead;
        var seen = new LastPositionStatus(Clusters.Noon - TimeSpan.FromSeconds(14), ahead);
        var verdict = ClusterVerdict.Of(
            dead with
            {
                Members = [dead.Members[0] with { LastSeen = seen }, dead.Members[1]],
            }
        );
        Assert.StartsWith(expected, verdict.Missing, StringComparison.Ordinal);
        Assert.Contains("It is merged when redis-a is back.", verdict.Missing, StringComparison.Ordinal);
        Assert.Null(ClusterVerdict.Of(Clusters.Unmerged).Missing);
    }

    [Fact]
    public void Data_that_the_master_is_seen_to_have_is_no_alarm() =>
        Assert.DoesNotContain(ClusterVerdict.Of(Clusters.AgentOfTheFormerMasterDead).Alarms, alarm =>
            alarm.Name == "unmerged-data"
        );

    [Fact]
    public void Master_that_closes_within_seconds_says_so_in_the_first_lines()
    {
        var verdict = ClusterVerdict.Of(Clusters.AboutToClose);
        Assert.StartsWith("redis-a closes within seconds", verdict.Next, StringComparison.Ordinal);
        Assert.Contains("the agent of redis-b", verdict.Next, StringComparison.Ordinal);
    }

    [Fact]
    public void Lost_coordination_store_is_no_matter_of_waiting_and_names_the_command()
    {
        var verdict = ClusterVerdict.Of(Clusters.StoreLost);
        Assert.StartsWith("No master: the coordination store was lost", verdict.Headline, StringComparison.Ordinal);
        Assert.EndsWith("cluster-session failover raise-epoch", verdict.ToDo, StringComparison.Ordinal);
        Assert.Contains(verdict.Alarms, alarm => alarm.Name == "store-lost");
        Assert.DoesNotContain(
            ClusterVerdict.Of(Clusters.StoreLost with { Lease = new LeaseStatus("redis-a", false, 6, null) }).Alarms,
            alarm => alarm.Name == "store-lost"
        );
    }

    [Fact]
    public void Newer_data_out_of_reach_names_who_has_it_and_nothing_that_destroys_it()
    {
        var verdict = ClusterVerdict.Of(Clusters.NewerDataOutOfReach);
        Assert.Equal("No master: redis-b may have newer data than all others, and cannot be used.", verdict.Headline);
        Assert.Equal(Health.Down, verdict.Health);
        Assert.Contains("NewerDataWait", verdict.Next, StringComparison.Ordinal);
        Assert.StartsWith("Start redis-b, Redis and agent", verdict.ToDo, StringComparison.Ordinal);
        Assert.DoesNotContain("discard", verdict.ToDo, StringComparison.Ordinal);
    }

    [Fact]
    public void Former_master_that_alone_is_left_waits_for_the_last_one_and_then_goes_on_without()
    {
        var verdict = ClusterVerdict.Of(
            Clusters.NewerDataOutOfReach with
            {
                Ruler = "redis-b",
                Members = [Clusters.Closed("redis-a", 7), Clusters.Dead("redis-b", 0)],
                Ledger = [Clusters.NewerDataOutOfReach.Ledger[0]],
            }
        );
        Assert.Equal("No master: redis-b may have newer data than all others, and cannot be used.", verdict.Headline);
        Assert.Contains("Then redis-a goes on without that data", verdict.Next, StringComparison.Ordinal);
    }

    [Fact]
    public void Incomplete_failover_alarms()
    {
        var status = Clusters.FailoverRunning;
        var verdict = ClusterVerdict.Of(status with { Change = status.Change! with { LacksNewerData = true } });
        Assert.Contains(verdict.Alarms, alarm => alarm.Name == "incomplete-failover");
    }

    [Fact]
    public void Incomplete_failover_alarms_until_the_newer_data_was_given_up()
    {
        var status = Clusters.WithoutNewerData;
        var alarm = ClusterVerdict.Of(status).Alarms.Single(one => one.Name == "incomplete-failover");
        Assert.Contains("redis-b has got under epoch 8 is missing", alarm.Sentence, StringComparison.Ordinal);
        Assert.StartsWith("Start redis-b, and do not wipe it.", alarm.Remedy, StringComparison.Ordinal);
        var switched = status with
        {
            Ruler = "redis-a",
            Members =
            [
                Clusters.Master("redis-a", 10),
                Clusters.Closed("redis-b", 8),
                Clusters.Replica("redis-c", "redis-a", 10),
            ],
        };
        alarm = ClusterVerdict.Of(switched).Alarms.Single(one => one.Name == "incomplete-failover");
        Assert.StartsWith("Keep redis-b as it is", alarm.Remedy, StringComparison.Ordinal);
        LedgerLine[] harmless =
        [
            status.Ledger[0] with
            {
                IsDiscarded = true,
            },
            status.Ledger[0] with
            {
                IsNewer = false,
            },
        ];
        Assert.All(harmless, line =>
            Assert.DoesNotContain(ClusterVerdict.Of(status with { Ledger = [line] }).Alarms, one =>
                one.Name == "incomplete-failover"
            )
        );
    }

    [Fact]
    public void Agent_down_is_in_the_first_sentence()
    {
        var verdict = ClusterVerdict.Of(Clusters.AgentDown);
        Assert.Equal(
            "redis-a is the master; all 2 replicas follow. The agent of redis-b is not responding.",
            verdict.Headline
        );
        Assert.Equal(ExitCode.Degraded, verdict.ExitCode);
        Assert.Equal(["agent-not-responding"], verdict.Alarms.Select(alarm => alarm.Name));
    }

    [Fact]
    public void Agents_that_see_two_masters_are_named_both()
    {
        var other = Clusters.Unmerged;
        var verdict = ClusterVerdict.Of(
            Clusters.Healthy,
            [
                new AgentView(new Uri("http://a:1"), Clusters.Healthy, null),
                new AgentView(new Uri("http://b:1"), other, null),
            ]
        );
        var alarm = Assert.Single(verdict.Alarms, alarm => alarm.Name == "views-differ");
        Assert.Equal("The agent of redis-b sees redis-b as the master, the agent of redis-a redis-a.", alarm.Sentence);
        Assert.Equal(Health.Degraded, verdict.Health);
    }

    [Fact]
    public void Two_open_masters_are_no_healthy_cluster()
    {
        var verdict = ClusterVerdict.Of(
            Clusters.Healthy with
            {
                Members = [Clusters.Master("redis-a", 7), Clusters.Master("redis-b", 6)],
            }
        );
        Assert.Equal(Health.Down, verdict.Health);
        Assert.StartsWith("2 masters: redis-a and redis-b", verdict.Headline, StringComparison.Ordinal);
        Assert.Contains("redis-a holds the lease", verdict.Why, StringComparison.Ordinal);
    }

    [Fact]
    public void Maintenance_is_in_the_first_sentence_and_says_that_nobody_is_promoted()
    {
        var verdict = ClusterVerdict.Of(Clusters.InMaintenance);
        Assert.EndsWith("Maintenance is on.", verdict.Headline, StringComparison.Ordinal);
        Assert.Contains("nobody is promoted", verdict.Next, StringComparison.Ordinal);
        Assert.EndsWith("maintenance off", verdict.ToDo, StringComparison.Ordinal);
    }

    [Fact]
    public void Maintenance_without_a_master_says_that_none_is_chosen()
    {
        var verdict = ClusterVerdict.Of(Clusters.NewerDataOutOfReach with { IsMaintenance = true });
        Assert.Equal("No master, and none is chosen: maintenance is on.", verdict.Headline);
        Assert.EndsWith("maintenance off", verdict.ToDo, StringComparison.Ordinal);
    }

    [Fact]
    public void Unmerged_member_is_kept_and_the_list_of_data_not_merged_is_named()
    {
        var verdict = ClusterVerdict.Of(Clusters.Unmerged);
        Assert.Equal(
            "redis-b is the master; 1 of 2 replicas follows: redis-a holds data that redis-b may lack, and stays closed.",
            verdict.Headline
        );
        Assert.Equal(["unmerged-data"], verdict.Alarms.Select(alarm => alarm.Name));
        Assert.StartsWith(
            "Keep redis-a as it is: what only it has is merged by itself",
            verdict.ToDo,
            StringComparison.Ordinal
        );
    }

    [Fact]
    public void Data_that_was_given_up_alarms_no_more()
    {
        var verdict = ClusterVerdict.Of(
            Clusters.Unmerged with
            {
                Ledger = [Clusters.Unmerged.Ledger[0] with { IsDiscarded = true }],
            }
        );
        Assert.DoesNotContain(verdict.Alarms, alarm => alarm.Name == "unmerged-data");
    }

    [Fact]
    public void Store_without_majority_says_that_nobody_is_promoted()
    {
        var verdict = ClusterVerdict.Of(Clusters.StoreUnreachable);
        Assert.StartsWith("No master is known to the agent of redis-b", verdict.Headline, StringComparison.Ordinal);
        Assert.StartsWith("Without the store nobody is promoted", verdict.Next, StringComparison.Ordinal);
        Assert.Contains(verdict.Alarms, alarm => alarm.Name == "store-unreachable");
    }

    [Fact]
    public void Master_by_promises_is_a_master_and_no_healthy_cluster()
    {
        var verdict = ClusterVerdict.Of(Clusters.ByPromises);
        Assert.StartsWith("redis-a is the master; all 2 replicas follow.", verdict.Headline, StringComparison.Ordinal);
        Assert.Equal(ExitCode.Degraded, verdict.ExitCode);
        Assert.Contains("promises", verdict.Alarms[0].Sentence, StringComparison.Ordinal);
    }

    [Fact]
    public void Last_one_left_says_that_nobody_can_be_promoted()
    {
        var verdict = ClusterVerdict.Of(Clusters.LastOneLeft);
        Assert.StartsWith(
            "redis-a is the master; none of 2 replicas follows:",
            verdict.Headline,
            StringComparison.Ordinal
        );
        Assert.StartsWith("Nobody can be promoted now if redis-a fails", verdict.Next, StringComparison.Ordinal);
        Assert.Contains(verdict.Alarms, alarm => alarm.Name == "nobody-to-promote");
    }

    [Fact]
    public void Read_replica_is_nobody_to_promote()
    {
        var replica = Clusters.Replica("redis-b", "redis-a", 7) with { Kind = MemberKind.ReadReplica };
        var verdict = ClusterVerdict.Of(Clusters.Healthy with { Members = [Clusters.Master("redis-a", 7), replica] });
        Assert.Equal("redis-a is the master; redis-b follows.", verdict.Headline);
        Assert.Equal(["nobody-to-promote"], verdict.Alarms.Select(alarm => alarm.Name));
    }

    [Fact]
    public void Flapping_member_is_passed_over_and_may_be_promoted_by_hand()
    {
        var verdict = ClusterVerdict.Of(Clusters.Flapping);
        Assert.Equal("No master at this moment: the lease is free, and a member takes it.", verdict.Headline);
        Assert.StartsWith(
            "Within a second or two redis-c is promoted. redis-b was promoted 3 times",
            verdict.Next,
            StringComparison.Ordinal
        );
        Assert.Contains("cluster-session failover now", verdict.Next, StringComparison.Ordinal);
        Assert.Contains(verdict.Alarms, alarm => alarm.Name == "flapping");
        var alone = ClusterVerdict.Of(
            Clusters.Flapping with
            {
                Members = [Clusters.Dead("redis-a", 11), Clusters.Closed("redis-b", 12)],
            }
        );
        Assert.StartsWith("Within a second or two redis-b is promoted.", alone.Next, StringComparison.Ordinal);
    }

    [Fact]
    public void Switch_under_way_is_no_failure()
    {
        var verdict = ClusterVerdict.Of(Clusters.SwitchUnderWay);
        Assert.Equal("No master at this moment: a planned switch to redis-b is under way.", verdict.Headline);
        Assert.Equal("A switch was asked for, by an operator or as the way back.", verdict.Why);
        Assert.Equal((Health.Degraded, ExitCode.Degraded), (verdict.Health, verdict.ExitCode));
        Assert.Empty(verdict.Alarms);
    }

    [Fact]
    public void Holder_whose_redis_is_not_open_yet_is_named_with_when_another_takes_its_lease()
    {
        var verdict = ClusterVerdict.Of(
            Clusters.Healthy with
            {
                Ruler = null,
                Members = [Clusters.Closed("redis-a", 7), Clusters.Closed("redis-b", 7)],
            }
        );
        Assert.Equal("No master: redis-a holds the lease, and its Redis is not open for writes yet.", verdict.Headline);
        Assert.Contains("not open within StepWait", verdict.Next, StringComparison.Ordinal);
    }

    [Fact]
    public void Free_lease_with_a_candidate_is_taken_in_a_moment()
    {
        var verdict = ClusterVerdict.Of(
            Clusters.Healthy with
            {
                Ruler = null,
                Lease = new LeaseStatus(null, false, 7, null),
                Members = [Clusters.Closed("redis-a", 7), Clusters.Closed("redis-b", 7)],
            }
        );
        Assert.Equal("No master at this moment: the lease is free, and a member takes it.", verdict.Headline);
        Assert.Equal(Health.Down, verdict.Health);
    }

    [Fact]
    public void Agent_that_stands_still_is_not_believed()
    {
        var verdict = ClusterVerdict.Of(Clusters.Healthy with { LookAgeMilliseconds = 60_000 });
        Assert.StartsWith("Unknown: redis-a was the master 1 min 0 s ago", verdict.Headline, StringComparison.Ordinal);
        Assert.Equal(Health.Down, verdict.Health);
        Assert.Equal("agent-stands-still", verdict.Alarms[0].Name);
    }

    [Fact]
    public void Agent_that_has_not_looked_yet_says_so()
    {
        var verdict = ClusterVerdict.Of(
            Clusters.Healthy with
            {
                LookedAt = null,
                LookAgeMilliseconds = null,
                Members = [],
                Ruler = null,
            }
        );
        Assert.Contains("has not looked at its cluster yet", verdict.Headline, StringComparison.Ordinal);
        Assert.Equal(Health.Down, verdict.Health);
    }

    [Fact]
    public void No_agent_responding_is_unknown_and_not_down()
    {
        var verdict = ClusterVerdict.OfNobody([new AgentView(new Uri("http://a:1"), null, "is not responding")]);
        Assert.Equal((Health.Unknown, ExitCode.NoAgent), (verdict.Health, verdict.ExitCode));
        Assert.Equal("http://a:1 is not responding.", verdict.Why);
    }

    [Fact]
    public void Every_state_has_what_to_do_and_pages_that_exist()
    {
        var page = File.ReadAllText(Path.Combine(Repository.Root, "docs", "operations", "failover-alarms.md"));
        foreach (var status in Clusters.All.Values)
        {
            var verdict = ClusterVerdict.Of(status);
            Assert.NotEmpty(verdict.ToDo);
            Assert.All(verdict.Alarms, alarm =>
                Assert.Contains($"\n## {alarm.Name}\n", page, StringComparison.Ordinal)
            );
        }
    }

    [Fact]
    public void Page_of_alarms_has_those_of_the_source_and_no_others()
    {
        var source = File.ReadAllText(
            Path.Combine(Repository.Root, "src", "ClusterSession.Cli", "Verdicts", "AlarmRules.cs")
        );
        var page = File.ReadAllText(Path.Combine(Repository.Root, "docs", "operations", "failover-alarms.md"));
        var raised = System
            .Text.RegularExpressions.Regex.Matches(source, "new Alarm\\(\\s*\"([a-z-]+)\"")
            .Select(match => match.Groups[1].Value)
            .Distinct()
            .Order(StringComparer.Ordinal);
        var written = page.Split('\n')
            .Where(line => line.StartsWith("## ", StringComparison.Ordinal))
            .Select(line => line[3..])
            .Order(StringComparer.Ordinal);
        Assert.Equal(raised, written);
    }
}
