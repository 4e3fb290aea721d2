using Xunit;

namespace ClusterSession.Failover.Tests.Simulation;

/// <summary>
/// A lease that its store ends before its time, grants late or frees late;
/// <see cref="SimCoordinator"/> says what must hold.
/// </summary>
public sealed class EndedLeaseTests
{
    public static TheoryData<int> Stores => [(int)SimStoreKind.ZooKeeper, (int)SimStoreKind.Etcd];

    [Theory]
    [MemberData(nameof(Stores))]
    public void Holder_in_sight_takes_a_lease_again_that_was_ended_by_force(int store) =>
        SimRun.Tell(cluster =>
        {
            End(cluster, store);
            for (var i = 0; i < 400; i++)
            {
                cluster.RunFor(0.005);
                Assert.Contains(cluster.Open?.Name, new[] { null, "a" });
            }

            Assert.Equal("a", cluster.Open?.Name);
            Assert.True(cluster.Open!.Redis.OpenEpoch > 1);
            Assert.Equal(0, cluster.Checker.Overlaps);
            cluster.Checker.InTheEnd();
        });

    [Theory]
    [MemberData(nameof(Stores))]
    public void Holder_that_is_cut_off_accepts_commits_while_it_counts_and_none_of_them_is_lost(int store) =>
        SimRun.Tell(cluster =>
        {
            var a = cluster.Find("a");
            var epoch = a.Redis.OpenEpoch;
            cluster.Isolate(a, alsoFromStore: true);
            End(cluster, store);
            var until = cluster.Coordinator.CountedUntil(epoch)!.Value;
            TimeSpan? opened = null;
            var last = TimeSpan.Zero;
            while (cluster.World.Now < until + TimeSpan.FromSeconds(1))
            {
                cluster.RunFor(0.005);
                opened ??= cluster.Find("b").Redis.Accepts ? cluster.World.Now : null;
                last = a.Redis.Accepts ? cluster.World.Now : last;
            }

            Assert.InRange(last, opened!.Value, until);
            Assert.Equal(1, cluster.Checker.Overlaps);
            var own = a.Redis.Data.Commits.ToHashSet();
            Assert.False(own.IsSubsetOf(cluster.Open!.Redis.Data.Commits));
            cluster.Reconnect(a);
            cluster.RunFor(12);
            Assert.Equal("b", cluster.Open?.Name);
            Assert.Superset(own, cluster.Open!.Redis.Data.Commits);
            cluster.Checker.InTheEnd();
        });

    [Theory]
    [MemberData(nameof(Stores))]
    public void Record_of_a_holder_that_stands_still_when_its_lease_is_ended_lives_for_a_second(int store) =>
        SimRun.Tell(cluster =>
        {
            var a = cluster.Find("a");
            a.AgentProcess.Pause();
            End(cluster, store);
            cluster.RunFor(cluster.Timings.RecordLife.TotalSeconds);
            Assert.False(a.Redis.Accepts);
            a.AgentProcess.Thaw();
            cluster.RunFor(8);
            cluster.Checker.InTheEnd();
        });

    [Fact]
    public void Grant_that_is_executed_when_its_taker_has_given_up_makes_one_master() =>
        SimRun.Tell(cluster =>
        {
            cluster.KillRedis(cluster.Find("a"));
            cluster.RunFor(0.2);
            cluster.Coordinator.Lateness = TimeSpan.FromSeconds(3);
            cluster.RunFor(20);
            cluster.Coordinator.Lateness = TimeSpan.Zero;
            cluster.StartRedis(cluster.Find("a"));
            cluster.RunFor(15);
            cluster.Checker.InTheEnd();
        });

    [Fact]
    public void Lease_that_is_freed_late_delays_a_failover_and_nothing_else() =>
        SimRun.Tell(cluster =>
        {
            var a = cluster.Find("a");
            cluster.KillRedis(a);
            cluster.KillAgent(a);
            cluster.Coordinator.Linger(TimeSpan.FromSeconds(4));
            cluster.RunFor(5);
            Assert.Null(cluster.Open);
            cluster.RunFor(3);
            Assert.Equal("b", cluster.Open?.Name);
            cluster.StartRedis(a);
            cluster.StartAgent(a);
            cluster.RunFor(12);
            cluster.Checker.InTheEnd();
        });

    [Fact]
    public void Master_whose_renewals_are_in_vain_takes_the_lease_again_when_it_has_run_out() =>
        SimRun.Tell(cluster =>
        {
            cluster.Coordinator.RenewsNothing = true;
            for (var i = 0; i < 1200; i++)
            {
                cluster.RunFor(0.005);
                Assert.Contains(cluster.Open?.Name, new[] { null, "a" });
            }

            cluster.Coordinator.RenewsNothing = false;
            cluster.RunFor(3);
            Assert.Equal("a", cluster.Open?.Name);
            Assert.True(cluster.Open!.Redis.OpenEpoch > 1);
            cluster.Checker.InTheEnd();
        });

    private static void End(SimCluster cluster, int store)
    {
        cluster.Coordinator.Kind = (SimStoreKind)store;
        cluster.Coordinator.End();
    }
}
