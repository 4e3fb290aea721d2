using ClusterSession.ChaosNode;
using ClusterSession.ChaosTests.Cluster;
using ClusterSession.ChaosTests.Scenarios;
using ClusterSession.Histories.Checking;
using ClusterSession.TestKit.Servers;
using Xunit;

namespace ClusterSession.ChaosTests.Load;

/// <summary>
/// The load and the checker on a cluster that nothing happens to: the ground that scenarios stand
/// on.
/// </summary>
public sealed class HealthyClusterTests(ITestOutputHelper output)
{
    [Fact]
    public async Task One_node_in_memory_keeps_every_promise()
    {
        await using var cluster = await ChaosCluster.StartAsync(1, new NodeSettings());

        await KeepsEveryPromiseAsync(cluster, minimumCrossNodeReads: 0);
    }

    [Fact]
    public async Task Three_nodes_on_redis_without_affinity_keep_every_promise()
    {
        await using var redis = await RedisServer.StartAsync();
        await using var cluster = await ChaosCluster.StartAsync(3, new NodeSettings { Store = redis.ConnectionString });

        await KeepsEveryPromiseAsync(cluster, minimumCrossNodeReads: 300);
    }

    private async Task KeepsEveryPromiseAsync(ChaosCluster cluster, int minimumCrossNodeReads)
    {
        foreach (var node in cluster.Nodes)
        {
            await new Visitor().SetAsync(node, "mark", "up"); // The first request of a process compiles for seconds.
        }

        using var load = new LoadProgram(
            new LoadPlan
            {
                Name = "healthy",
                Seed = Environment.TickCount,
                Nodes = cluster.Addresses,
                Sequential = 6,
                Browsers = 2,
                DevicePairs = 2,
                Thieves = 2,
                RequestsPerClient = 200,
            }
        );
        await load.RunAsync();
        await load.ReadEverythingAsync();

        var options = CheckOptions.Default with { MinimumCrossNodeReads = minimumCrossNodeReads, MinimumOkShare = 1 };
        var verdict = new HistoryChecker(options).Check(load.Recorder.ToHistory());
        output.WriteLine(verdict.ToString());
        Assert.True(verdict.Outcome == VerdictOutcome.Passed, verdict.ToString());
    }
}
