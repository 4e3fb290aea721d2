using ClusterSession.Failover.Deciding;
using ClusterSession.Failover.Documents;
using ClusterSession.Failover.Operating;
using Xunit;

namespace ClusterSession.Failover.Tests.Simulation;

/// <summary>The coordination store loses what it held, and an operator raises its epochs.</summary>
public sealed class LostStoreTests
{
    private static readonly OperatorCommand Raise = new OperatorCommand.RaiseEpoch();

    [Fact]
    public void Nothing_opens_after_the_store_was_lost_until_its_epochs_are_raised() =>
        SimRun.Tell(cluster =>
        {
            FailOver(cluster, times: 3);
            var commits = cluster.Open!.Redis.Data.Commits.ToHashSet();
            var epoch = cluster.Open.Redis.Data.Epoch;
            LoseStore(cluster);
            cluster.RunFor(30);
            Assert.Null(cluster.Open);
            Assert.Equal(Reason.StoreLost, Assert.IsType<Decision.Nothing>(cluster.Find("a").Agent!.Last).Why);

            Assert.IsType<PlanResult.Planned>(cluster.Command(Raise));
            cluster.RunFor(8);
            Assert.Superset(commits, cluster.Open!.Redis.Data.Commits);
            Assert.True(cluster.Open.Redis.Data.Epoch > epoch + 100);
            Assert.Contains(cluster.Coordinator.Document.Events, line => line.What == EventKind.EpochRaised);
            cluster.Checker.InTheEnd();
        });

    [Fact]
    public void Data_that_only_a_former_master_has_is_merged_although_the_store_forgot_it() =>
        SimRun.Tell(cluster =>
        {
            var a = cluster.Find("a");
            cluster.Cut(a, cluster.Find("b"));
            cluster.Cut(a, cluster.Find("c"));
            cluster.RunFor(0.3);
            cluster.KillRedis(a);
            var own = a.Redis.Data.Commits.ToHashSet();
            cluster.Reconnect(a);
            cluster.RunFor(12);
            FailOver(cluster, times: 1);
            Assert.False(own.IsSubsetOf(cluster.Open!.Redis.Data.Commits));
            LoseStore(cluster);
            cluster.StartRedis(a);
            cluster.RunFor(10);
            cluster.Command(Raise);
            cluster.RunFor(12);
            Assert.Superset(own, cluster.Open!.Redis.Data.Commits);
            cluster.Checker.InTheEnd();
        });

    [Fact]
    public void Agent_that_is_restarted_goes_on_under_its_raised_lease() =>
        SimRun.Tell(cluster =>
        {
            FailOver(cluster, times: 2);
            LoseStore(cluster);
            cluster.RunFor(10);
            cluster.Command(Raise);
            cluster.RunFor(8);
            var open = cluster.Open!;
            var epoch = open.Redis.Data.Epoch;
            cluster.KillAgent(open);
            cluster.RunFor(0.5);
            cluster.StartAgent(open);
            cluster.RunFor(8);
            Assert.Equal((open, epoch), (cluster.Open, open.Redis.Data.Epoch));
            cluster.Checker.InTheEnd();
        });

    [Fact]
    public void Failover_after_the_raise_goes_on_from_the_raised_epoch() =>
        SimRun.Tell(cluster =>
        {
            FailOver(cluster, times: 2);
            LoseStore(cluster);
            cluster.RunFor(10);
            cluster.Command(Raise);
            cluster.RunFor(8);
            var epoch = cluster.Open!.Redis.Data.Epoch;
            FailOver(cluster, times: 1);
            Assert.Equal(epoch + 1, cluster.Open!.Redis.Data.Epoch);
            cluster.Checker.InTheEnd();
        });

    [Fact]
    public void Epochs_of_a_store_that_was_not_lost_are_not_raised() =>
        SimRun.Tell(cluster =>
        {
            Assert.IsType<PlanResult.Refused>(cluster.Command(Raise));
            cluster.KillRedis(cluster.Find("a"));
            cluster.RunFor(0.5);
            Assert.IsType<PlanResult.Refused>(cluster.Command(Raise));
            cluster.RunFor(10);
            cluster.StartRedis(cluster.Find("a"));
            cluster.RunFor(10);
            cluster.Checker.InTheEnd();
        });

    private static void FailOver(SimCluster cluster, int times)
    {
        for (var i = 0; i < times; i++)
        {
            var master = cluster.Open!;
            cluster.KillRedis(master);
            cluster.RunFor(12);
            cluster.StartRedis(master);
            cluster.RunFor(25); // Until it is no more barred.
            Assert.NotNull(cluster.Open);
        }
    }

    /// <summary>All processes end, and the store's directories are gone.</summary>
    private static void LoseStore(SimCluster cluster)
    {
        foreach (var host in cluster.Hosts)
        {
            cluster.KillAgent(host);
            cluster.KillRedis(host);
        }

        cluster.Coordinator.Lose();
        foreach (var host in cluster.Hosts.Where(host => host.Redis.Process.IsDead))
        {
            cluster.StartRedis(host);
            cluster.StartAgent(host);
        }
    }
}
