using ClusterSession.Failover.Deciding;
using ClusterSession.Failover.Documents;
using ClusterSession.Failover.Operating;
using ClusterSession.Failover.Sights;
using Xunit;

namespace ClusterSession.Failover.Tests.Simulation;

/// <summary>A returning member whose data was never replicated, and the way back.</summary>
public sealed class MergeTests
{
    private const int StepCount = 7;

    private static readonly MemberKind[] Candidates =
    [
        MemberKind.Candidate,
        MemberKind.Candidate,
        MemberKind.Candidate,
    ];

    public static TheoryData<int> Steps => [.. Enumerable.Range(1, StepCount)];

    [Fact]
    public void Commits_that_only_the_former_master_had_are_at_the_next_one_after_its_return() =>
        SimRun.Tell(cluster =>
        {
            var own = LoseMaster(cluster);
            cluster.StartRedis(cluster.Find("a"));
            cluster.RunFor(5);
            Assert.Equal("b", cluster.Open?.Name);
            Assert.Superset(own, cluster.Open!.Redis.Data.Commits);
            Assert.True(cluster.Find("a").Redis.IsLinkUp);
            Assert.Superset(own, cluster.Find("a").Redis.Aside!.Commits);
            Assert.Contains(cluster.Coordinator.Document.Events, line => line is { What: EventKind.Merged, To: "a" });
            cluster.Checker.InTheEnd();
        });

    [Theory]
    [MemberData(nameof(Steps))]
    public void Merging_agent_killed_before_any_step_finishes_the_merge_after_its_restart(int step) =>
        Strike(step, (cluster, a) =>
        {
            cluster.KillAgent(a);
            cluster.World.After(TimeSpan.FromSeconds(2), () => cluster.StartAgent(a));
        });

    [Theory]
    [MemberData(nameof(Steps))]
    public void Merging_agent_frozen_before_any_step_does_no_harm_when_it_thaws(int step) =>
        Strike(step, (cluster, a) =>
        {
            a.AgentProcess.Pause();
            cluster.World.After(TimeSpan.FromSeconds(6), a.AgentProcess.Thaw);
        });

    [Theory]
    [MemberData(nameof(Steps))]
    public void Source_killed_before_any_step_of_its_merge_is_merged_after_its_restart(int step) =>
        Strike(step, (cluster, a) =>
        {
            cluster.KillRedis(a);
            cluster.World.After(TimeSpan.FromSeconds(2), () => cluster.StartRedis(a));
        });

    [Theory]
    [MemberData(nameof(Steps))]
    public void Lease_that_moves_before_any_step_of_a_merge_has_it_begun_again_into_the_next_master(int step) =>
        Strike(step, (cluster, _) => cluster.KillRedis(cluster.Find("b")), next: "c");

    [Theory]
    [MemberData(nameof(Steps))]
    public void Master_cut_off_before_any_step_of_a_merge_is_merged_into_later(int step) => Strike(step, (cluster, a) =>
        {
            cluster.Cut(a, cluster.Find("b"));
            cluster.World.After(TimeSpan.FromSeconds(4), () => cluster.Reconnect(a));
        });

    [Fact]
    public void Two_masters_that_die_in_turn_and_the_replica_are_merged_into_the_first_that_returns() =>
        SimRun.Tell(cluster =>
        {
            var (a, b, c) = (cluster.Find("a"), cluster.Find("b"), cluster.Find("c"));
            var own = LoseMaster(cluster);
            cluster.RunFor(5);
            var last = c.Redis.Data.Commits.ToHashSet(); // The last seconds of b.
            cluster.KillRedis(b);
            cluster.StartRedis(a);
            cluster.RunFor(15);
            Assert.Equal("a", cluster.Open?.Name);
            Assert.Superset(own, a.Redis.Data.Commits);
            Assert.Superset(last, a.Redis.Data.Commits);
            Assert.True(c.Redis.IsLinkUp);
            cluster.StartRedis(b);
            cluster.RunFor(5);
            Assert.True(b.Redis.IsLinkUp);
            cluster.Checker.InTheEnd();
        });

    [Fact]
    public void Member_follows_nobody_without_a_copy_aside_and_without_a_replica_that_confirms() =>
        SimRun.Tell(
            cluster =>
            {
                cluster.CanSetAside = false;
                cluster.KillRedis(cluster.Find("a"));
                cluster.RunFor(3);
                cluster.StartRedis(cluster.Find("a"));
                cluster.RunFor(10);
                Assert.False(cluster.Find("a").Redis.IsLinkUp);
                var merge = cluster.Find("a").Agent!.Merge!;
                Assert.Equal((MergeState.Failed, "No room."), (merge.State, merge.NotSetAside));
                cluster.CanSetAside = true;
                cluster.RunFor(40); // The pauses have grown.
                cluster.Checker.InTheEnd();
            },
            kinds: [MemberKind.Candidate, MemberKind.Candidate]
        );

    [Fact]
    public void Member_follows_without_a_copy_aside_where_a_replica_has_confirmed_the_merge() =>
        SimRun.Tell(cluster =>
        {
            cluster.CanSetAside = false;
            var own = LoseMaster(cluster);
            cluster.StartRedis(cluster.Find("a"));
            cluster.RunFor(15);
            Assert.Superset(own, cluster.Find("c").Redis.Data.Commits);
            cluster.Checker.InTheEnd();
        });

    [Fact]
    public void Member_with_keys_that_are_not_merged_follows_nobody_without_a_copy_aside() =>
        SimRun.Tell(cluster =>
        {
            (cluster.CanSetAside, cluster.Foreign) = (false, 3);
            LoseMaster(cluster);
            cluster.StartRedis(cluster.Find("a"));
            cluster.RunFor(15);
            Assert.False(cluster.Find("a").Redis.IsLinkUp);
            var merge = cluster.Find("a").Agent!.Merge!;
            Assert.Equal(MergeState.Failed, merge.State);
            Assert.StartsWith("3 keys are only in this member's Redis", merge.Why, StringComparison.Ordinal);
            cluster.CanSetAside = true;
            cluster.RunFor(40);
            cluster.Checker.InTheEnd();
        });

    [Fact]
    public void Maintenance_stops_a_merge_and_its_end_lets_it_go_on() =>
        SimRun.Tell(cluster =>
        {
            var a = cluster.Find("a");
            LoseMaster(cluster);
            cluster.Command(new OperatorCommand.MaintenanceOn());
            cluster.StartRedis(a);
            cluster.RunFor(5);
            Assert.Null(a.Agent!.Merge);
            cluster.Command(new OperatorCommand.MaintenanceOff());
            cluster.RunFor(5);
            cluster.Checker.InTheEnd();
        });

    [Fact]
    public void Way_back_to_the_preferred_member_is_taken_once_and_not_again_within_the_window() =>
        SimRun.Tell(
            cluster =>
            {
                var a = cluster.Find("a");
                var own = LoseMaster(cluster);
                cluster.StartRedis(a);
                cluster.RunFor(1.5);
                Assert.Equal("b", cluster.Open?.Name);
                cluster.RunFor(4);
                Assert.Equal("a", cluster.Open?.Name);
                Assert.Superset(own, a.Redis.Data.Commits);
                cluster.RunFor(5);
                cluster.Checker.InTheEnd();
                cluster.KillRedis(a);
                cluster.RunFor(2);
                cluster.StartRedis(a);
                cluster.RunFor(8);
                Assert.Equal("b", cluster.Open?.Name);
                Assert.Single(cluster.Coordinator.Document.Events, line => line.What == EventKind.ReturnAsked);
                cluster.RunFor(10);
                Assert.Equal("a", cluster.Open?.Name);
                cluster.Checker.InTheEnd();
            },
            WithReturn
        );

    [Fact]
    public void Master_that_an_operator_chose_stays_master() =>
        SimRun.Tell(
            cluster =>
            {
                cluster.Command(new OperatorCommand.SwitchTo("b"));
                cluster.RunFor(20);
                Assert.Equal("b", cluster.Open?.Name);
                cluster.Checker.InTheEnd();
            },
            WithReturn
        );

    private static FailoverTimings WithReturn { get; } =
        SimCluster.ShortWindows with
        {
            ReturnAfter = TimeSpan.FromSeconds(2),
        };

    /// <summary>The master takes commits that nobody else gets, and dies.</summary>
    private static HashSet<int> LoseMaster(SimCluster cluster)
    {
        var (a, b, c) = (cluster.Find("a"), cluster.Find("b"), cluster.Find("c"));
        cluster.Cut(a, b);
        cluster.Cut(a, c);
        cluster.RunFor(1);
        Assert.Equal("a", cluster.Open?.Name);
        cluster.KillRedis(a);
        var own = a.Redis.Data.Commits.Except(b.Redis.Data.Commits).ToHashSet();
        Assert.True(own.Count > 10);
        cluster.Reconnect(a);
        cluster.RunFor(3);
        Assert.Equal("b", cluster.Open?.Name);
        return own;
    }

    /// <summary>
    /// A fault strikes before a step of the returning member's agent; in the end nothing is
    /// missing.
    /// </summary>
    private static void Strike(int step, Action<SimCluster, SimHost> fault, string? next = null) =>
        SimRun.Tell(
            cluster =>
            {
                var a = cluster.Find("a");
                var own = LoseMaster(cluster);
                var isStruck = false;
                a.FaultPoint = (a.Steps + step, () =>
                {
                    isStruck = true;
                    fault(cluster, a);
                });
                cluster.StartRedis(a);
                cluster.RunFor(15);
                Assert.True(isStruck, $"The agent has fewer than {step} steps.");
                Assert.Equal(next ?? "b", cluster.Open?.Name);
                Assert.Superset(own, cluster.Open!.Redis.Data.Commits);
                cluster.Heal();
                cluster.RunFor(30);
                cluster.Checker.InTheEnd();
            },
            kinds: Candidates
        );
}
