using ClusterSession.Failover.Deciding;
using ClusterSession.Failover.Documents;
using ClusterSession.Failover.Operating;
using ClusterSession.Failover.Sights;
using Xunit;

namespace ClusterSession.Failover.Tests.Simulation;

/// <summary>The faults that users of such supervisors reported, each alone.</summary>
public sealed class ScenarioTests
{
    [Fact]
    public void Killed_master_is_replaced_and_closed_until_its_data_was_given_up_where_no_merge_succeeds() =>
        SimRun.Tell(cluster =>
        {
            var a = cluster.Find("a");
            cluster.IsMergeRefused = true;
            cluster.KillRedis(a);
            cluster.RunFor(1.5);
            Assert.Equal("b", cluster.Open?.Name);
            cluster.StartRedis(a);
            cluster.RunFor(10);
            Assert.Equal("b", cluster.Open?.Name);
            Assert.Equal("The target refuses.", a.Agent!.Merge?.Why);
            Assert.Equal("a", Assert.Single(cluster.Coordinator.Document.Ledger).Member);
            cluster.Coordinator.Edit(document => document with { Discards = [new Discard("a", a.Redis.Data.Epoch)] });
            cluster.RunFor(3);
            Assert.True(a.Redis.IsLinkUp);
            Assert.Empty(cluster.Coordinator.Document.Ledger);
            Assert.Empty(cluster.Coordinator.Document.Discards);
            cluster.Checker.InTheEnd();
        });

    [Fact]
    public void Killed_master_whose_host_refuses_connections_is_replaced_in_half_a_second() =>
        SimRun.Tell(cluster =>
        {
            cluster.KillRedis(cluster.Find("a"));
            cluster.RunFor(0.5);
            Assert.Equal("b", cluster.Open?.Name);
        });

    [Fact]
    public void Master_killed_right_after_the_store_was_away_is_replaced_without_waiting_for_promises() =>
        SimRun.Tell(cluster =>
        {
            cluster.Coordinator.IsDown = true;
            cluster.RunFor(0.6);
            Assert.NotEqual(TimeSpan.Zero, cluster.Find("b").Agent!.BoundFor);
            cluster.Coordinator.IsDown = false;
            cluster.RunFor(0.3);
            cluster.KillRedis(cluster.Find("a")); // Its agent lives, and releases the lease.
            cluster.RunFor(0.5);
            Assert.Equal("b", cluster.Open?.Name);
            cluster.RunFor(5);
            cluster.Heal();
            cluster.RunFor(10);
            cluster.Checker.InTheEnd();
        });

    [Fact]
    public void Frozen_master_is_replaced_within_a_second_after_its_silence_was_noticed() =>
        SimRun.Tell(cluster =>
        {
            cluster.Find("a").Redis.Process.Pause();
            cluster.RunFor(new FailoverTimings().Deadline.TotalSeconds + 1);
            Assert.Equal("b", cluster.Open?.Name);
        });

    [Fact]
    public void Frozen_master_is_replaced_and_takes_nothing_when_it_thaws() =>
        SimRun.Tell(cluster =>
        {
            var a = cluster.Find("a");
            a.Redis.Process.Pause();
            cluster.RunFor(5);
            Assert.Equal("b", cluster.Open?.Name);
            a.Redis.Process.Thaw();
            cluster.RunFor(5);
            Assert.Equal("b", cluster.Open?.Name);
        });

    [Fact]
    public void Agent_frozen_for_longer_than_its_lease_closes_a_master_that_runs_on() =>
        SimRun.Tell(cluster =>
        {
            var a = cluster.Find("a");
            a.AgentProcess.Pause();
            cluster.RunFor(6);
            Assert.Equal("b", cluster.Open?.Name);
            Assert.True(a.Redis.IsMaster);
            a.AgentProcess.Thaw();
            cluster.RunFor(5);
            Assert.True(a.Redis.IsLinkUp); // It was seen to have nothing of its own when b took the lease.
            cluster.Checker.InTheEnd();
        });

    [Fact]
    public void Master_started_empty_by_hand_wipes_no_replica_and_takes_no_commit() =>
        SimRun.Tell(cluster =>
        {
            var (a, c) = (cluster.Find("a"), cluster.Find("c"));
            cluster.KillAgent(a);
            cluster.KillRedis(a);
            cluster.StartRedis(a, keepsData: false, asMaster: true);
            var commits = c.Redis.Data.Commits.Count;
            cluster.RunFor(10);
            Assert.True(c.Redis.Data.Commits.Count >= commits);
            Assert.Equal("b", cluster.Open?.Name);
            Assert.Empty(a.Redis.Data.Commits);
        });

    [Fact]
    public void Two_masters_that_die_in_turn_leave_the_highest_epoch_to_the_replica() =>
        SimRun.Tell(cluster =>
        {
            var (a, b, c) = (cluster.Find("a"), cluster.Find("b"), cluster.Find("c"));
            cluster.KillRedis(a);
            cluster.RunFor(5);
            Assert.Equal("b", cluster.Open?.Name);
            cluster.KillRedis(b);
            cluster.IsMergeRefused = true;
            cluster.StartRedis(a); // The first one returns first, and its data is of a lower epoch.
            var newest = c.Redis.Data.Commits.ToHashSet();
            cluster.RunFor(3);
            Assert.Null(cluster.Open);
            cluster.RunFor(12); // After the wait a lower epoch is better than nothing, and c is not wiped for it.
            Assert.Equal("a", cluster.Open?.Name);
            Assert.Superset(newest, c.Redis.Data.Commits);
            Assert.Contains(cluster.Coordinator.Document.Ledger, line => line.Member == "c");
            cluster.Heal();
            cluster.RunFor(15);
            Assert.NotNull(cluster.Open);
            cluster.Checker.InTheEnd();
        });

    [Fact]
    public void Master_goes_on_without_the_store_on_the_promises_of_all_others() =>
        SimRun.Tell(cluster =>
        {
            cluster.Coordinator.IsDown = true;
            for (var i = 0; i < 100; i++)
            {
                cluster.RunFor(0.1);
                Assert.Equal("a", cluster.Open?.Name);
            }

            cluster.Coordinator.IsDown = false;
            for (var i = 0; i < 100; i++)
            {
                cluster.RunFor(0.1);
                Assert.Equal("a", cluster.Open?.Name);
            }

            Assert.Equal(2, cluster.Coordinator.Epoch);
            cluster.Checker.InTheEnd();
        });

    /// <summary>
    /// Supervisors were reported that swapped the lock every 20 s after one lost connection.
    /// </summary>
    [Fact]
    public void Connection_to_the_store_that_is_lost_once_moves_no_lease_then_or_later() =>
        SimRun.Tell(cluster =>
        {
            var epoch = cluster.Coordinator.Epoch;
            cluster.CutFromStore(cluster.Find("a"));
            cluster.RunFor(0.3);
            cluster.Heal();
            for (var i = 0; i < 1200; i++)
            {
                cluster.RunFor(0.1);
                Assert.Equal("a", cluster.Open?.Name);
            }

            Assert.Equal(epoch, cluster.Coordinator.Epoch);
            cluster.Checker.InTheEnd();
        });

    /// <summary>Supervisors were reported that never started then.</summary>
    [Fact]
    public void Agents_that_run_before_any_Redis_open_one_when_the_first_has_come() =>
        SimRun.Start(
            seed: 5,
            SimCluster.ShortWindows,
            [MemberKind.Candidate, MemberKind.Candidate, MemberKind.ReadReplica],
            hasFence: true,
            hasDurations: false,
            cluster =>
            {
                foreach (var host in cluster.Hosts)
                {
                    cluster.KillRedis(host);
                }

                cluster.RunFor(60);
                Assert.Null(cluster.Open);
                cluster.StartRedis(cluster.Find("b"));
                cluster.RunFor(15);
                Assert.Equal("b", cluster.Open?.Name);
                cluster.StartRedis(cluster.Find("a"));
                cluster.StartRedis(cluster.Find("c"));
                cluster.RunFor(15);
                cluster.Checker.InTheEnd();
                Assert.Empty(cluster.Checker.Violations);
            }
        );

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Master_stays_open_for_a_second_without_the_store_when_the_other_host_has_died(bool isSilent)
    {
        // Whenever it renewed its lease last. An election of the store's next leader takes less.
        for (var phase = 0.0; phase < 1.6; phase += 0.1)
        {
            SimRun.Tell(
                cluster =>
                {
                    cluster.RunFor(phase);
                    var b = cluster.Find("b");
                    if (isSilent)
                    {
                        b.AgentProcess.Pause();
                        b.Redis.Process.Pause();
                    }
                    else
                    {
                        cluster.KillAgent(b);
                        cluster.KillRedis(b);
                    }

                    cluster.Coordinator.IsDown = true;
                    cluster.World.After(TimeSpan.FromSeconds(1), () => cluster.Coordinator.IsDown = false);
                    for (var i = 0; i < 300; i++)
                    {
                        cluster.RunFor(0.01);
                        Assert.Equal("a", cluster.Open?.Name);
                    }
                },
                kinds: [MemberKind.Candidate, MemberKind.Candidate]
            );
        }
    }

    [Fact]
    public void Master_without_the_store_closes_where_one_agent_does_not_promise() =>
        SimRun.Tell(cluster =>
        {
            cluster.KillAgent(cluster.Find("c"));
            cluster.Coordinator.IsDown = true;
            cluster.RunFor(4);
            Assert.Null(cluster.Open);
            Assert.False(cluster.Find("a").Redis.AdmitsClients);
        });

    [Fact]
    public void Agent_that_promised_does_not_take_the_lease_after_a_restart() =>
        SimRun.Tell(cluster =>
        {
            var (a, b) = (cluster.Find("a"), cluster.Find("b"));
            cluster.CutFromStore(a);
            cluster.RunFor(6);
            Assert.Equal("a", cluster.Open?.Name);
            cluster.KillAgent(b);
            cluster.StartAgent(b);
            cluster.Isolate(a, alsoFromStore: true);
            cluster.RunFor(10);
            Assert.Equal("b", cluster.Open?.Name);
        });

    [Fact]
    public void Maintenance_stops_deciding_and_the_master_goes_on_renewing() =>
        SimRun.Tell(cluster =>
        {
            cluster.Coordinator.Edit(document => document with { Maintenance = true });
            cluster.RunFor(10);
            Assert.Equal("a", cluster.Open?.Name);
            Assert.Equal(1, cluster.Coordinator.Epoch);
            cluster.KillRedis(cluster.Find("a"));
            cluster.RunFor(10);
            Assert.Null(cluster.Open);
            cluster.Coordinator.Edit(document => document with { Maintenance = false });
            cluster.RunFor(5);
            Assert.Equal("b", cluster.Open?.Name);
        });

    [Fact]
    public void Agent_of_the_master_may_be_away_in_maintenance_for_longer_than_its_lease() =>
        SimRun.Tell(cluster =>
        {
            var a = cluster.Find("a");
            cluster.Coordinator.Edit(document => document with { Maintenance = true });
            cluster.KillAgent(a);
            cluster.RunFor(6);
            Assert.Null(cluster.Open);
            cluster.StartAgent(a);
            cluster.RunFor(2);
            Assert.Equal("a", cluster.Open?.Name);
            cluster.Coordinator.Edit(document => document with { Maintenance = false });
            cluster.RunFor(3);
            Assert.Equal("a", cluster.Open?.Name);
            cluster.Checker.InTheEnd();
        });

    [Fact]
    public void Nobody_is_promoted_while_all_agents_are_dead() =>
        SimRun.Tell(cluster =>
        {
            foreach (var host in cluster.Hosts)
            {
                cluster.KillAgent(host);
            }

            cluster.RunFor(20);
            Assert.Null(cluster.Open);
            Assert.Equal(1, cluster.Coordinator.Epoch);
            cluster.Heal();
            cluster.RunFor(15);
            Assert.NotNull(cluster.Open);
            cluster.Checker.InTheEnd();
        });

    [Fact]
    public void Flapping_candidate_is_promoted_again_within_the_window_only_where_there_is_no_other() =>
        SimRun.Tell(
            cluster =>
            {
                var (a, b) = (cluster.Find("a"), cluster.Find("b"));
                cluster.KillRedis(a);
                cluster.RunFor(3);
                cluster.StartRedis(a);
                Assert.Equal("b", cluster.Open?.Name);
                cluster.KillRedis(b);
                cluster.RunFor(1);
                cluster.StartRedis(b);
                cluster.RunFor(10); // Both have ruled just now, and b has the newer data.
                Assert.Equal("b", cluster.Open?.Name);
            },
            SimCluster.ShortWindows with
            {
                MaxPromotions = 1,
                FlappingWindow = TimeSpan.FromMinutes(10),
            }
        );

    [Fact]
    public void Forgotten_member_is_not_waited_for() =>
        SimRun.Tell(cluster =>
        {
            var c = cluster.Find("c");
            cluster.KillAgent(c);
            cluster.KillRedis(c);
            cluster.Coordinator.Edit(document => document with { Forgotten = ["c"] });
            cluster.RunFor(1);
            cluster.Coordinator.IsDown = true;
            cluster.RunFor(10);
            Assert.Equal("a", cluster.Open?.Name);
            Assert.Null(cluster.Coordinator.Document.Find("c"));
        });

    [Fact]
    public void Master_without_the_store_closes_where_nobody_is_left_to_promise() =>
        SimRun.Tell(
            cluster =>
            {
                var (a, b) = (cluster.Find("a"), cluster.Find("b"));
                cluster.KillAgent(b);
                cluster.KillRedis(b);
                cluster.Coordinator.Edit(document => document with { Forgotten = ["b"] });
                cluster.RunFor(1);
                cluster.Isolate(a, alsoFromStore: true);
                cluster.RunFor(2);
                cluster.StartAgent(b);
                cluster.StartRedis(b);
                Adopt(cluster, "b");
                cluster.RunFor(15);
                Assert.Equal("b", cluster.Open?.Name);
            },
            kinds: [MemberKind.Candidate, MemberKind.Candidate]
        );

    [Fact]
    public void Agent_promises_nothing_to_a_master_that_does_not_know_a_member() =>
        SimRun.Tell(cluster =>
        {
            var (a, b) = (cluster.Find("a"), cluster.Find("b"));
            cluster.KillAgent(b);
            cluster.KillRedis(b);
            cluster.Coordinator.Edit(document => document with { Forgotten = ["b"] });
            cluster.RunFor(1);
            cluster.Cut(a, b);
            cluster.CutFromStore(a);
            cluster.StartAgent(b);
            cluster.StartRedis(b);
            cluster.RunFor(10);
            Assert.Equal("a", cluster.Open?.Name); // By what c promised.
            Adopt(cluster, "b");
            cluster.RunFor(15);
            Assert.Equal("b", cluster.Open?.Name);
        });

    [Fact]
    public void Document_of_another_format_stops_the_agents_with_a_clear_reason() =>
        SimRun.Tell(cluster =>
        {
            cluster.Coordinator.Edit(document => document with { Format = 2 });
            cluster.RunFor(1);
            Assert.All(cluster.Hosts, host => Assert.Contains("knows format 1", host.Agent!.Trouble));
        });

    /// <summary>An operator has the forgotten member taken back.</summary>
    private static void Adopt(SimCluster cluster, string member) =>
        cluster.Coordinator.Edit(document =>
            (
                (PlanResult.Planned)
                    MemberPlans.Adopt(
                        new Situation(
                            document,
                            cluster.Coordinator.State,
                            new Dictionary<string, MemberSight>(),
                            default
                        ),
                        document.Members
                    )
            ).Document
                is { } planned
            && planned.Find(member) is not null
                ? planned
                : throw new InvalidOperationException($"{member} is not adopted.")
        );
}
