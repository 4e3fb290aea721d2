using ClusterSession.Failover.Documents;
using ClusterSession.Failover.Operating;
using Xunit;

namespace ClusterSession.Failover.Tests.Simulation;

/// <summary>
/// The planned switch and the operator's failover, each with one thing that goes wrong.
/// </summary>
public sealed class SwitchTests
{
    private static readonly (string Host, int Steps)[] Steps = [("a", 3), ("b", 6)];
    private static readonly OperatorCommand ToB = new OperatorCommand.SwitchTo("b");

    public static TheoryData<string, int> Struck
    {
        get
        {
            var data = new TheoryData<string, int>();
            foreach (var (host, steps) in Steps)
            {
                for (var step = 0; step <= steps; step++)
                {
                    data.Add(host, step);
                }
            }

            return data;
        }
    }

    [Fact]
    public void Switch_makes_the_named_member_master_and_counts_as_no_promotion() =>
        SimRun.Tell(cluster =>
        {
            var promotions = cluster.Coordinator.Document.Promotions.Count;
            Assert.IsType<PlanResult.Planned>(cluster.Command(ToB));
            var closedFor = 0;
            for (var i = 0; i < 300; i++)
            {
                cluster.RunFor(0.005);
                closedFor += cluster.Open is null ? 5 : 0;
            }

            Assert.Equal("b", cluster.Open?.Name);
            Assert.InRange(closedFor, 1, 200);
            var document = cluster.Coordinator.Document;
            Assert.Equal(promotions, document.Promotions.Count);
            Assert.Empty(document.Ledger);
            var line = document.Events[^1];
            Assert.Equal((EventKind.Switch, "a", "b", 2), (line.What, line.From, line.To, line.Epoch));
            Assert.True(cluster.Find("a").Redis.IsLinkUp);
            Assert.True(cluster.Find("c").Redis.IsLinkUp);
            cluster.Checker.InTheEnd();
        });

    [Fact]
    public void Switch_right_after_the_store_was_away_is_not_held_up_by_a_promise_to_the_closed_master() =>
        SimRun.Tell(cluster =>
        {
            cluster.Coordinator.IsDown = true;
            cluster.RunFor(0.5);
            cluster.Coordinator.IsDown = false;
            cluster.RunFor(0.3);
            Assert.IsType<PlanResult.Planned>(cluster.Command(ToB));
            cluster.RunFor(1.5);

            Assert.Equal("b", cluster.Open?.Name);
            Assert.Equal(2, cluster.Coordinator.Epoch);
            cluster.Checker.InTheEnd();
        });

    [Fact]
    public void Switch_to_a_member_whose_agent_was_restarted_a_moment_ago_is_done() =>
        SimRun.Tell(cluster =>
        {
            cluster.KillAgent(cluster.Find("b"));
            cluster.StartAgent(cluster.Find("b"));
            cluster.RunFor(0.3);
            Assert.IsType<PlanResult.Planned>(cluster.Command(ToB));
            cluster.RunFor(1.5);

            Assert.Equal("b", cluster.Open?.Name);
            Assert.Equal(2, cluster.Coordinator.Epoch);
            cluster.Checker.InTheEnd();
        });

    [Fact]
    public void Closed_master_that_writes_pings_during_a_switch_leaves_nobody_in_the_ledger() =>
        SimRun.Tell(cluster =>
        {
            cluster.World.Every(TimeSpan.FromMilliseconds(10), cluster.Find("a").Redis.Ping);
            cluster.Command(ToB);
            cluster.RunFor(3);
            Assert.Equal("b", cluster.Open?.Name);
            Assert.DoesNotContain(cluster.Coordinator.Document.Events, line => line.What == EventKind.Unmerged);
            cluster.Checker.InTheEnd();
        });

    [Fact]
    public void Switch_is_retracted_with_a_reason_when_the_link_of_the_next_master_goes_down() =>
        SimRun.Tell(cluster =>
        {
            cluster.Command(ToB);
            cluster.Cut(cluster.Find("a"), cluster.Find("b"));
            for (var i = 0; i < 100; i++)
            {
                cluster.RunFor(0.1);
                Assert.Equal("a", cluster.Open?.Name);
            }

            var document = cluster.Coordinator.Document;
            Assert.Null(document.Switch);
            Assert.Equal(EventKind.Retracted, document.Events[^1].What);
            Assert.Contains("b", document.Events[^1].Why);
        });

    [Fact]
    public void Master_takes_back_the_lease_that_the_next_one_does_not_take() =>
        SimRun.Tell(cluster =>
        {
            var promotions = cluster.Coordinator.Document.Promotions.Count;
            cluster.Command(ToB);
            while (cluster.Coordinator.Document.Switch?.Step != SwitchStep.HandOver)
            {
                cluster.RunFor(0.001);
            }

            cluster.Find("b").AgentProcess.Pause();
            cluster.RunFor(3);
            Assert.Equal("a", cluster.Open?.Name);
            Assert.Equal(EventKind.TakeBack, cluster.Coordinator.Document.Events[^1].What);
            Assert.Equal(promotions, cluster.Coordinator.Document.Promotions.Count);
            cluster.Find("b").AgentProcess.Thaw();
            cluster.RunFor(3);
            Assert.Equal("a", cluster.Open?.Name);
            cluster.Checker.InTheEnd();
        });

    [Fact]
    public void Failover_by_command_lets_the_next_master_get_everything_first() =>
        SimRun.Tell(cluster =>
        {
            cluster.Command(new OperatorCommand.Failover());
            cluster.RunFor(3);
            Assert.Equal("b", cluster.Open?.Name);
            cluster.RunFor(10);
            Assert.Equal("b", cluster.Open?.Name);
            Assert.Equal(
                EventKind.Failover,
                cluster.Coordinator.Document.Events.Last(line => line.To == "b" && line.Duration is not null).What
            );
            cluster.Checker.InTheEnd();
        });

    [Fact]
    public void Failover_by_command_promotes_a_candidate_that_flaps() =>
        SimRun.Tell(
            cluster =>
            {
                cluster.KillRedis(cluster.Find("a"));
                cluster.RunFor(3);
                Assert.Equal("b", cluster.Open?.Name);
                cluster.StartRedis(cluster.Find("a"));
                cluster.KillAgent(cluster.Find("b"));
                cluster.RunFor(4); // Longer than a lease lasts.
                cluster.StartAgent(cluster.Find("b"));
                cluster.RunFor(0.5);
                Assert.Null(cluster.Open);
                Assert.IsType<PlanResult.Planned>(cluster.Command(new OperatorCommand.Failover()));
                cluster.RunFor(6);
                Assert.Equal("b", cluster.Open?.Name);
                Assert.Null(cluster.Coordinator.Document.Switch);
            },
            SimCluster.ShortWindows with
            {
                MaxPromotions = 1,
                FlappingWindow = TimeSpan.FromMinutes(10),
                NewerDataWait = TimeSpan.FromMinutes(1),
            }
        );

    [Fact]
    public void Reinit_replaces_the_data_of_a_replica_by_a_full_synchronisation() =>
        SimRun.Tell(cluster =>
        {
            var b = cluster.Find("b");
            var full = b.Redis.FullSynchronizations;
            cluster.Command(new OperatorCommand.Reinit("b"));
            cluster.RunFor(3);
            Assert.Equal(full + 1, b.Redis.FullSynchronizations);
            Assert.True(b.Redis.IsLinkUp);
            Assert.Equal(EventKind.Reinitialized, cluster.Coordinator.Document.Events[^1].What);
            cluster.Checker.InTheEnd();
        });

    [Fact]
    public void Record_that_expired_in_maintenance_while_the_agent_was_away_is_renewed() =>
        SimRun.Tell(cluster =>
        {
            var a = cluster.Find("a");
            cluster.Command(new OperatorCommand.MaintenanceOn());
            cluster.KillAgent(a);
            cluster.RunFor(1.7);
            Assert.Null(cluster.Open);
            cluster.StartAgent(a);
            cluster.RunFor(1);
            Assert.Equal("a", cluster.Open?.Name);
            Assert.Equal(1, cluster.Coordinator.Epoch);
        });

    [Theory]
    [MemberData(nameof(Struck))]
    public void Agent_killed_before_any_step_of_a_switch_leaves_one_master_with_everything(string struck, int step) =>
        Strike(struck, step, (cluster, host) =>
        {
            cluster.KillAgent(host);
            cluster.World.After(TimeSpan.FromSeconds(2), () => cluster.StartAgent(host));
        });

    [Theory]
    [MemberData(nameof(Struck))]
    public void Agent_killed_for_good_before_any_step_of_a_switch_leaves_one_master_with_everything(
        string struck,
        int step
    ) => Strike(struck, step, (cluster, host) =>
        {
            cluster.KillAgent(host);
            cluster.World.After(TimeSpan.FromSeconds(25), () => cluster.StartAgent(host));
        });

    [Theory]
    [MemberData(nameof(Struck))]
    public void Agent_frozen_before_any_step_of_a_switch_does_no_harm_when_it_thaws(string struck, int step) =>
        Strike(struck, step, (cluster, host) =>
        {
            host.AgentProcess.Pause();
            cluster.World.After(TimeSpan.FromSeconds(12), () => host.AgentProcess.Thaw());
        });

    [Theory]
    [MemberData(nameof(Struck))]
    public void Redis_killed_before_any_step_of_a_switch_leaves_one_master(string struck, int step) =>
        Strike(struck, step, (cluster, host) =>
        {
            cluster.KillRedis(host);
            cluster.World.After(TimeSpan.FromSeconds(2), () => cluster.StartRedis(host));
        });

    /// <summary>
    /// A fault strikes one of the two before one of its steps; then there is one master.
    /// </summary>
    private static void Strike(string struck, int step, Action<SimCluster, SimHost> fault) =>
        SimRun.Tell(cluster =>
        {
            var host = cluster.Find(struck);
            var isStruck = false;
            cluster.Command(ToB);
            while (step > 0 && cluster.Coordinator.Document.Switch?.Step != SwitchStep.Close)
            {
                cluster.RunFor(0.001);
            }

            host.FaultPoint = (host.Steps + Math.Max(step, 1), () =>
            {
                isStruck = true;
                fault(cluster, host);
            });
            cluster.RunFor(20);
            Assert.True(isStruck, $"{struck} has fewer than {step} steps.");
            Assert.NotNull(cluster.Open);
            Assert.Null(cluster.Coordinator.Document.Switch);
            cluster.RunFor(20);
            cluster.Checker.InTheEnd();
        });
}
