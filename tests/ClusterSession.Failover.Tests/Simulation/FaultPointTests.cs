using ClusterSession.Failover.Documents;
using Xunit;

namespace ClusterSession.Failover.Tests.Simulation;

/// <summary>An agent killed or frozen before each thing that it is about to do.</summary>
public sealed class FaultPointTests
{
    private const int StepCount = 10;

    public static TheoryData<int> Steps => [.. Enumerable.Range(1, StepCount)];

    [Theory]
    [MemberData(nameof(Steps))]
    public void Agent_killed_before_any_step_of_a_failover_finishes_it_after_its_restart(int step) =>
        SimRun.Tell(cluster => Failover(cluster, "b", step, host =>
            {
                cluster.KillAgent(host);
                cluster.World.After(TimeSpan.FromSeconds(2), () => cluster.StartAgent(host));
            }));

    [Theory]
    [MemberData(nameof(Steps))]
    public void Agent_killed_before_any_step_of_a_failover_is_succeeded_by_another(int step) =>
        SimRun.Tell(
            cluster =>
            {
                cluster.Cut(cluster.Find("a"), cluster.Find("d"));
                cluster.RunFor(0.3);
                Failover(cluster, "b", step, cluster.KillAgent);
            },
            null,
            MemberKind.Candidate,
            MemberKind.Candidate,
            MemberKind.ReadReplica,
            MemberKind.Candidate
        );

    [Theory]
    [MemberData(nameof(Steps))]
    public void Agent_frozen_before_any_step_of_a_failover_does_no_harm_when_it_thaws(int step) =>
        SimRun.Tell(
            cluster =>
            {
                cluster.Cut(cluster.Find("a"), cluster.Find("d"));
                cluster.RunFor(0.3);
                Failover(cluster, "b", step, host => Freeze(cluster, host));
            },
            null,
            MemberKind.Candidate,
            MemberKind.Candidate,
            MemberKind.ReadReplica,
            MemberKind.Candidate
        );

    [Fact]
    public void Agent_of_the_source_killed_before_it_promotes_holds_the_failover_up_until_its_restart() =>
        SimRun.Tell(cluster => Failover(cluster, "c", 1, host =>
            {
                cluster.KillAgent(host);
                cluster.World.After(TimeSpan.FromSeconds(2), () => cluster.StartAgent(host));
            }));

    [Fact]
    public void Simulation_catches_records_with_durations_in_place_of_times_of_day()
    {
        var violations = Enumerable
            .Range(1, StepCount)
            .SelectMany(step =>
                SimRun
                    .Start(
                        1,
                        SimCluster.ShortWindows,
                        [MemberKind.Candidate, MemberKind.Candidate],
                        true,
                        hasDurations: true,
                        cluster =>
                        {
                            cluster.Find("a").FaultPoint = (step, () => Freeze(cluster, cluster.Find("a")));
                            cluster.RunFor(30);
                        }
                    )
                    .Checker.Violations
            );
        Assert.Contains(violations, what => what.StartsWith("two masters", StringComparison.Ordinal));
    }

    [Theory]
    [MemberData(nameof(Steps))]
    public void Agent_frozen_before_any_step_of_the_first_start_opens_nothing_when_it_thaws(int step)
    {
        var cluster = SimRun.Start(
            1,
            SimCluster.ShortWindows,
            [MemberKind.Candidate, MemberKind.Candidate],
            true,
            false,
            cluster =>
            {
                cluster.Find("a").FaultPoint = (step, () => Freeze(cluster, cluster.Find("a")));
                cluster.RunFor(30);
            }
        );
        Assert.Empty(cluster.Checker.Violations);
        Assert.NotNull(cluster.Open);
    }

    private static void Freeze(SimCluster cluster, SimHost host)
    {
        host.AgentProcess.Pause();
        cluster.World.After(TimeSpan.FromSeconds(12), () => host.AgentProcess.Thaw());
    }

    /// <summary>
    /// The master dies while the candidate b lags behind c; a fault strikes one of the two.
    /// </summary>
    private static void Failover(SimCluster cluster, string struck, int step, Action<SimHost> fault)
    {
        var (a, b, c) = (cluster.Find("a"), cluster.Find("b"), cluster.Find("c"));
        cluster.Cut(a, b);
        cluster.RunFor(1);
        Assert.True(c.Redis.Data.Commits.Count > b.Redis.Data.Commits.Count);
        var host = cluster.Find(struck);
        var isStruck = false;
        host.FaultPoint = (host.Steps + step, () =>
        {
            isStruck = true;
            fault(host);
        });
        cluster.KillRedis(a);
        cluster.KillAgent(a);
        var newest = c.Redis.Data.Commits.ToArray();
        cluster.RunFor(25);
        Assert.True(isStruck, $"{struck} has fewer than {step} steps.");
        Assert.NotNull(cluster.Open);
        Assert.Superset(newest.ToHashSet(), cluster.Open.Redis.Data.Commits.ToHashSet());
        var open = cluster.Open;
        cluster.Heal();
        cluster.RunFor(20);
        Assert.Equal(open, cluster.Open);
        cluster.Checker.InTheEnd();
    }
}
