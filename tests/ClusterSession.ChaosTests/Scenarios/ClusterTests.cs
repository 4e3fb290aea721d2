using ClusterSession.ChaosNode;
using ClusterSession.ChaosTests.Cluster;
using ClusterSession.ChaosTests.Load;
using ClusterSession.Histories.Checking;
using ClusterSession.TestKit.Servers;
using Xunit;

namespace ClusterSession.ChaosTests.Scenarios;

/// <summary>A Redis Cluster of three masters with a replica each, two nodes.</summary>
public sealed class ClusterTests(ITestOutputHelper output)
{
    private static readonly CheckOptions Options = CheckOptions.Default with { MinimumCrossNodeReads = 0 };

    [Fact]
    public async Task Slots_that_move_under_load_lose_nothing_and_fail_nobody()
    {
        await using var redis = await RedisClusterFixture.StartAsync();
        await using var nodes = await ChaosCluster.StartAsync(2, new NodeSettings { Store = redis.ConnectionString });
        IReadOnlyList<string> failed = [];
        await Story.TellWithoutLossAsync(
            output,
            Story.Sticky("resharding", nodes, "resharding"),
            Options,
            async story =>
            {
                for (var i = 0; i < Story.Times(normally: 1, atLength: 10); i++)
                {
                    var (source, target) = (redis.Servers[i % 3], redis.Servers[(i + 1) % 3]);
                    var slots = await SlotsInUseAsync(redis, source, 20);
                    Assert.NotEmpty(slots);
                    await story.FaultAsync(
                        "resharding",
                        $"{slots.Count} slots from port {source.Port} to port {target.Port}",
                        async () =>
                        {
                            foreach (var slot in slots)
                            {
                                await redis.ReshardAsync(slot, slot, target);
                            }
                        },
                        async () => Assert.Equal(target, await redis.OwnerAsync(slots[0]))
                    );
                    await story.GoOnAsync();
                }

                failed = story.FailedRequests();
            }
        );
        Assert.True(failed.Count == 0, string.Join(Environment.NewLine, failed));
    }

    [Fact]
    public async Task One_master_killed_under_load_loses_nothing_and_fails_no_session_with_a_local_copy()
    {
        await using var redis = await RedisClusterFixture.StartAsync();
        await using var nodes = await ChaosCluster.StartAsync(2, new NodeSettings { Store = redis.ConnectionString });
        IReadOnlyList<string> failed = [];
        await Story.TellWithoutLossAsync(output, Story.Sticky("shard killed", nodes, "kill -9"), Options, async story =>
        {
            for (var i = 0; i < Story.Times(normally: 1, atLength: 20); i++)
            {
                var master = await redis.OwnerAsync(0);
                await story.FaultAsync(
                    "kill -9",
                    $"master of slot 0 on port {master.Port}",
                    master.Kill9Async,
                    () => redis.NewOwnerAsync(0, master),
                    async () =>
                    {
                        await redis.RejoinAsync(master);
                        await Condition.HoldsAsync(
                            async () =>
                                (await master.CommandAsync("INFO", "replication")).Contains(
                                    "master_link_status:up",
                                    StringComparison.Ordinal
                                ),
                            "the killed master is back as a replica"
                        );
                    }
                );
                await story.GoOnAsync();
            }

            failed = story.FailedRequests();
        });
        Assert.True(failed.Count == 0, string.Join(Environment.NewLine, failed));
    }

    [Fact]
    public async Task Slots_that_a_replica_takes_over_without_a_vote_lose_nothing_and_no_copy_of_them_is_old()
    {
        await using var redis = await RedisClusterFixture.StartAsync();
        await using var nodes = await ChaosCluster.StartAsync(2, new NodeSettings { Store = redis.ConnectionString });
        // Without affinity, so that what one node has a copy of is changed at the other.
        var plan = Story.Sticky("slots taken over", nodes, "TAKEOVER") with
        {
            Affinity = Affinity.None,
            DevicePairs = 2,
        };
        var options = Options with
        {
            StalenessLimit = TimeSpan.FromSeconds(2),
            RegressionsMayBeReportedDuringFaults = true,
        };
        await Story.TellWithoutLossAsync(output, plan, options, async story =>
        {
            for (var i = 0; i < Story.Times(normally: 2, atLength: 10); i++)
            {
                var master = await redis.OwnerAsync(0);
                var replica = await redis.ReplicaOfAsync(master);
                await story.FaultAsync(
                    "TAKEOVER",
                    $"slots of port {master.Port} by port {replica.Port}",
                    async () => Assert.Equal("OK", await replica.CommandAsync("CLUSTER", "FAILOVER", "TAKEOVER")),
                    () => redis.NewOwnerAsync(0, master),
                    () =>
                        Condition.HoldsAsync(
                            async () =>
                                (await master.CommandAsync("INFO", "replication")).Contains(
                                    "master_link_status:up",
                                    StringComparison.Ordinal
                                ),
                            "the master that was taken over is a replica"
                        )
                );
                await story.LastsAsync(TimeSpan.FromSeconds(5), 400);
            }
        });
    }

    private static async Task<IReadOnlyList<int>> SlotsInUseAsync(
        RedisClusterFixture redis,
        RedisServer server,
        int most
    )
    {
        var slots = new SortedSet<int>();
        foreach (var key in (await server.CommandAsync("KEYS", "*")).Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            if (slots.Count < most)
            {
                slots.Add(await redis.SlotOfAsync(key));
            }
        }

        return [.. slots];
    }
}
