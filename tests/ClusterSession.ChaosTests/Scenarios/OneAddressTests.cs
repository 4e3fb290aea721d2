using ClusterSession.ChaosNode;
using ClusterSession.ChaosTests.Cluster;
using ClusterSession.Histories.Checking;
using ClusterSession.TestKit.Servers;
using Xunit;

namespace ClusterSession.ChaosTests.Scenarios;

/// <summary>
/// A master and a replica behind one address of HAProxy, two nodes that can tell the servers apart
/// only by what these say of themselves.
/// </summary>
public sealed class OneAddressTests(ITestOutputHelper output)
{
    private static readonly CheckOptions Options = CheckOptions.Default with { MinimumCrossNodeReads = 0 };

    [Fact]
    public async Task Failover_behind_one_address_and_the_way_back_fail_no_session_with_a_local_copy()
    {
        await using var redis = await HaProxyPair.StartAsync();
        await using var nodes = await ChaosCluster.StartAsync(2, new NodeSettings { Store = redis.ConnectionString });
        IReadOnlyList<string> failed = [];
        await Story.TellWithoutLossAsync(
            output,
            Story.Sticky("one address", nodes, "kill -9", "FAILOVER"),
            Options,
            async story =>
            {
                for (var i = 0; i < Story.Times(normally: 1, atLength: 10); i++)
                {
                    var old = redis.Master;
                    await story.FaultAsync(
                        "kill -9",
                        $"master on port {old.Port}",
                        old.Kill9Async,
                        () => redis.NewMasterAsync(old),
                        () => redis.RejoinAsync(old)
                    );
                    await story.GoOnAsync();
                    var heir = redis.Master;
                    await story.FaultAsync("FAILOVER", $"back to port {old.Port}", redis.SwitchAsync, () =>
                        redis.NewMasterAsync(heir)
                    );
                    await story.GoOnAsync();
                }

                failed = story.FailedRequests();
            }
        );
        Assert.True(failed.Count == 0, string.Join(Environment.NewLine, failed));
    }
}
