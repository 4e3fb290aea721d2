using ClusterSession.ChaosNode;
using ClusterSession.ChaosTests.Cluster;
using ClusterSession.ChaosTests.Load;
using ClusterSession.Histories;
using ClusterSession.Histories.Checking;
using ClusterSession.TestKit.Servers;
using Xunit;

namespace ClusterSession.ChaosTests.Scenarios;

/// <summary>
/// Nodes that end, in order or not, over a store that is well (A03, A04, A06, A08 of the fault
/// list). A kill -9 under Primary is in FirstScenarioTests.
/// </summary>
public sealed class NodeTests(ITestOutputHelper output)
{
    private static readonly string[] Local = ["--ClusterSession:Durability=Local"];

    // Long, so that a kill finds something that was acknowledged and not yet sent.
    private static readonly string[] LocalAndSlow = [.. Local, "--ClusterSession:Outage:WriteBehindDelay=00:00:00.5"];

    [Fact]
    public async Task Nodes_drained_and_started_again_one_after_the_other_lose_nothing()
    {
        await using var redis = await RedisServer.StartAsync();
        await using var nodes = await ChaosCluster.StartAsync(3, new NodeSettings { Store = redis.ConnectionString });
        var plan = Story.Sticky("rolling restart", nodes, "SIGTERM") with { Affinity = Affinity.None };
        await Story.TellWithoutLossAsync(
            output,
            plan,
            CheckOptions.Default with
            {
                MinimumCrossNodeReads = 50,
            },
            async story =>
            {
                for (var i = 0; i < Story.Times(normally: 1, atLength: 5); i++)
                {
                    foreach (var node in nodes.Nodes)
                    {
                        await DrainAsync(story, node);
                        await story.GoOnAsync(200);
                    }
                }
            }
        );
    }

    [Fact]
    public async Task Node_drained_under_Local_sends_all_that_only_it_has()
    {
        await using var redis = await RedisServer.StartAsync();
        await using var nodes = await ChaosCluster.StartAsync(
            2,
            new NodeSettings { Store = redis.ConnectionString },
            LocalAndSlow
        );
        // Judged as strictly as under Primary: the plan does not say Local, so the checker excuses
        // no loss of the last moment. Who comes to the other node before the drain has sent
        // everything can only be told that something is missing yet.
        await Story.TellWithoutLossAsync(
            output,
            Story.Sticky("drain", nodes, "SIGTERM"),
            Options with
            {
                RegressionsMayBeReportedDuringFaults = true,
            },
            async story =>
            {
                for (var i = 0; i < Story.Times(normally: 1, atLength: 10); i++)
                {
                    await DrainAsync(story, nodes.Nodes[0]);
                    await story.GoOnAsync();
                }
            }
        );
    }

    [Fact]
    public async Task Node_killed_under_Local_takes_no_more_than_the_last_moment_with_it()
    {
        await using var redis = await RedisServer.StartAsync();
        await using var nodes = await ChaosCluster.StartAsync(
            2,
            new NodeSettings { Store = redis.ConnectionString },
            Local
        );
        var plan = Story.Sticky("killed under Local", nodes, "kill -9") with { Durability = "Local" };
        await Story.TellWithoutLossAsync(
            output,
            plan,
            Options with
            {
                LocalFlushInterval = TimeSpan.FromMilliseconds(500),
                RegressionsMayBeReportedDuringFaults = true,
            },
            async story =>
            {
                for (var i = 0; i < Story.Times(normally: 1, atLength: 10); i++)
                {
                    await EndAsync(story, "kill -9", nodes.Nodes[0], nodes.Nodes[0].Kill9Async);
                    await story.GoOnAsync();
                }
            }
        );
    }

    [Fact]
    public async Task Node_drained_while_its_store_is_down_says_that_it_takes_commits_with_it()
    {
        await using var redis = await RedisServer.StartAsync(new RedisServerOptions { AppendOnly = true });
        await using var nodes = await ChaosCluster.StartAsync(
            2,
            new NodeSettings { Store = redis.ConnectionString },
            "--ClusterSession:Outage:DrainTimeout=00:00:02"
        );
        var node = nodes.Nodes[0];
        var verdict = await Story.TellAsync(output, DownAndDrained(nodes), OptionsWhileDown, story => story.FaultAsync(
                "kill -9",
                redis.Endpoint,
                redis.Kill9Async,
                async () =>
                {
                    await story.LastsAsync(TimeSpan.FromSeconds(1));
                    await story.FaultAsync(
                        "SIGTERM",
                        node.Name,
                        FaultLayer.Node,
                        node.DrainAsync,
                        () =>
                        {
                            Assert.True(
                                node.Process.ExitCode == NotDrained,
                                $"{node.Process.ExitCode}:\n{node.Process.Output}"
                            );
                            Assert.Matches("shuts down with commits of [1-9][0-9]* sessions", node.Process.Output);
                            return Task.CompletedTask;
                        },
                        node.StartAgainAsync
                    );
                },
                () => redis.StartAgainAsync()
            ));
        Assert.True(Story.LostForGood(verdict) > 0, verdict.ToString());
    }

    [Fact]
    public async Task Node_drained_while_its_store_is_down_waits_for_the_store()
    {
        await using var redis = await RedisServer.StartAsync(new RedisServerOptions { AppendOnly = true });
        await using var nodes = await ChaosCluster.StartAsync(2, new NodeSettings { Store = redis.ConnectionString });
        var node = nodes.Nodes[0];
        await Story.TellWithoutLossAsync(output, DownAndDrained(nodes), OptionsWhileDown, story =>
            story.FaultAsync("kill -9", redis.Endpoint, redis.Kill9Async, async () =>
            {
                await story.LastsAsync(TimeSpan.FromSeconds(1));
                var draining = Task.CompletedTask;
                await story.FaultAsync(
                    "SIGTERM",
                    node.Name,
                    FaultLayer.Node,
                    () =>
                    {
                        draining = node.DrainAsync();
                        return Task.CompletedTask;
                    },
                    async () =>
                    {
                        await story.GoOnAsync(200);
                        Assert.False(node.Process.HasExited, "the node has commits to send, and time");
                        await redis.StartAgainAsync();
                        await draining;
                        Assert.Equal(0, node.Process.ExitCode);
                    },
                    node.StartAgainAsync
                );
            })
        );
    }

    [Fact]
    public async Task Node_that_was_started_while_its_store_was_down_serves_as_soon_as_it_is_up()
    {
        await using var redis = await RedisServer.StartAsync();
        await redis.Kill9Async();
        await using var nodes = await ChaosCluster.StartAsync(1, new NodeSettings { Store = redis.ConnectionString });
        using var load = new LoadProgram(
            new LoadPlan
            {
                Name = "started without a store",
                Seed = 0,
                Nodes = nodes.Addresses,
            }
        );
        var jar = load.Sessions.Begin();
        var number = 0;

        var refused = await AppendAsync();
        Assert.Equal("HTTP 503", refused.Note);

        await redis.StartAgainAsync();
        await Condition.HoldsAsync(async () => (await AppendAsync()).Result == RequestResult.Ok, "the node serves");

        Task<HistoryEvent> AppendAsync()
        {
            var value = new SelfDescribingValue(jar.Session, 0, number, 0).ToText();
            return load.Sender.SendAsync(
                0,
                ClientKind.Sequential,
                number++,
                jar.State,
                jar,
                nodes.Addresses[0],
                [Op.Append(value)]
            );
        }
    }

    /// <summary>
    /// The exit code of a node that takes commits with it, "service unavailable" in sysexits.h; see
    /// docs/operations.
    /// </summary>
    private const int NotDrained = 69;

    private static CheckOptions OptionsWhileDown => Options with { RegressionsMayBeReportedDuringFaults = true };

    private static LoadPlan DownAndDrained(ChaosCluster nodes) =>
        Story.Sticky("drained while the store is down", nodes, "kill -9", "SIGTERM");

    private static CheckOptions Options { get; } = CheckOptions.Default with { MinimumCrossNodeReads = 0 };

    private static Task DrainAsync(Story story, ChaosNodeProcess node) =>
        EndAsync(story, "SIGTERM", node, node.DrainAsync);

    private static Task EndAsync(Story story, string how, ChaosNodeProcess node, Func<Task> end) =>
        story.FaultAsync(
            how,
            node.Name,
            FaultLayer.Node,
            end,
            async () =>
            {
                Assert.True(node.Process.HasExited);
                await story.GoOnAsync(200);
            },
            node.StartAgainAsync
        );
}
