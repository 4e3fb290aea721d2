using ClusterSession.ChaosNode;
using ClusterSession.ChaosTests.Cluster;
using ClusterSession.TestKit.Servers;
using Xunit;

namespace ClusterSession.ChaosTests.Scenarios;

/// <summary>
/// The store loses a commit, and the node that made it dies with it (S06 of the fault list): it is
/// gone, and that is said. A node that is drained in that moment does not lose it.
/// </summary>
public sealed class DoubleFaultTests
{
    [Fact]
    public async Task Commit_that_died_with_its_node_and_its_master_is_reported_to_its_client()
    {
        await using var redis = await SentinelCluster.StartAsync();
        await using var nodes = await ChaosCluster.StartAsync(2, new NodeSettings { Store = redis.ConnectionString });
        var (a, b) = (nodes.Nodes[0], nodes.Nodes[1]);
        var (visitor, master, pauser) = await CommitBlueThatNoReplicaHasAsync(redis, a);

        await a.Kill9Async();
        await master.Kill9Async();
        await redis.NewMasterAsync(master);
        await pauser.ReleaseAsync();

        // Until nobody can be on his way with it any more, the node does not know that it is lost.
        await Condition.HoldsAsync(
            async () => await visitor.Copy().StatusAsync(b) != 503,
            "the node that is left says something",
            TimeSpan.FromSeconds(30)
        );
        Assert.Equal(("red", true), await visitor.GetAsync(b, "color"));
        Assert.True(await Visitor.MetricAsync(b, "clustersession.regressions") > 0);
        await visitor.SetAsync(b, "color", "green");
        Assert.Equal(("green", false), await visitor.GetAsync(b, "color"));
    }

    [Fact]
    public async Task Node_drained_between_the_death_of_the_master_and_the_promotion_replays_what_no_replica_had()
    {
        await using var redis = await SentinelCluster.StartAsync();
        await using var nodes = await ChaosCluster.StartAsync(2, new NodeSettings { Store = redis.ConnectionString });
        var (a, b) = (nodes.Nodes[0], nodes.Nodes[1]);
        var (visitor, master, pauser) = await CommitBlueThatNoReplicaHasAsync(redis, a);

        await master.Kill9Async();
        await a.DrainAsync();

        Assert.Equal(0, a.Process.ExitCode);
        await pauser.ReleaseAsync();
        await Condition.HoldsAsync(
            async () => await visitor.Copy().StatusAsync(b) == 200,
            "the node that is left has the session"
        );
        Assert.Equal(("blue", false), await visitor.GetAsync(b, "color"));
    }

    /// <summary>A visitor whose red every server has, and whose blue only the master.</summary>
    private static async Task<(
        Visitor Visitor,
        RedisServer Master,
        ReplicaPauser Pauser
    )> CommitBlueThatNoReplicaHasAsync(SentinelCluster redis, ChaosNodeProcess node)
    {
        var visitor = new Visitor();
        await visitor.SetAsync(node, "color", "red");
        await redis.InSyncAsync();
        var master = await redis.MasterAsync();
        var replicas = await redis.ReplicasAsync();
        foreach (var replica in replicas)
        {
            await replica.HasAllOfAsync(master); // A link that is up says nothing of what has passed over it.
        }

        var pauser = await ReplicaPauser.HoldBackAsync(master, replicas);
        await visitor.SetAsync(node, "color", "blue");
        return (visitor, master, pauser);
    }
}
