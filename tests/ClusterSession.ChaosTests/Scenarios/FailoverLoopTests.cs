using ClusterSession.ChaosNode;
using ClusterSession.ChaosTests.Cluster;
using ClusterSession.Histories.Checking;
using ClusterSession.TestKit.Servers;
using Xunit;

namespace ClusterSession.ChaosTests.Scenarios;

/// <summary>
/// Each master falls as soon as it rules, until one server is left (S24 of the fault list).
/// </summary>
public sealed class FailoverLoopTests(ITestOutputHelper output)
{
    [Fact]
    public async Task Masters_killed_until_one_is_left_lose_nothing_and_fail_no_session_with_a_local_copy()
    {
        await using var redis = await SentinelCluster.StartAsync();
        await using var nodes = await ChaosCluster.StartAsync(2, new NodeSettings { Store = redis.ConnectionString });
        IReadOnlyList<string> failed = [];
        await Story.TellWithoutLossAsync(
            output,
            Story.Sticky("failover loop", nodes, "kill -9"),
            CheckOptions.Default with
            {
                MinimumCrossNodeReads = 0,
            },
            async story =>
            {
                for (var i = 0; i < Story.Times(normally: 1, atLength: 10); i++)
                {
                    var dead = new List<RedisServer>();
                    while (dead.Count < redis.Servers.Count - 1)
                    {
                        var master = await redis.MasterAsync();
                        dead.Add(master);
                        await story.FaultAsync("kill -9", $"master on port {master.Port}", master.Kill9Async, () =>
                            redis.NewMasterAsync(master)
                        );
                    }

                    await story.GoOnAsync();
                    foreach (var server in dead)
                    {
                        await redis.RejoinAsync(server);
                    }

                    await story.GoOnAsync();
                }

                failed = story.FailedRequests();
            }
        );
        Assert.True(failed.Count == 0, string.Join(Environment.NewLine, failed));
    }
}
