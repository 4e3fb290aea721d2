using ClusterSession.ChaosNode;
using ClusterSession.ChaosTests.Cluster;
using ClusterSession.Histories;
using ClusterSession.Histories.Checking;
using ClusterSession.TestKit.Faults;
using ClusterSession.TestKit.Servers;
using Xunit;

namespace ClusterSession.ChaosTests.Scenarios;

/// <summary>
/// The link between the nodes and a store that is well (S07, S09 of the fault list).
/// </summary>
public sealed class SlowLinkTests(ITestOutputHelper output)
{
    // What one node keeps while the store does not hear it, the other one can only report as
    // missing: the thief comes there with the owner's cookie.
    private static readonly CheckOptions Options = CheckOptions.Default with
    {
        MinimumCrossNodeReads = 0,
        RegressionsMayBeReportedDuringFaults = true,
    };

    [Theory]
    [InlineData(LateBytes.Deliver)]
    [InlineData(LateBytes.Reset)]
    public Task Link_on_which_nothing_passes_and_nothing_ends_holds_up_no_session_with_a_local_copy(LateBytes late) =>
        TellAsync("black hole", (proxy, story) =>
            story.FaultAsync(
                "black hole",
                "redis",
                FaultLayer.Link,
                () => Do(proxy.Blackhole),
                () => story.LastsAsync(TimeSpan.FromSeconds(Story.Times(normally: 3, atLength: 60))),
                () => Do(() => proxy.Heal(late))
            )
        );

    [Theory]
    [InlineData(50)]
    [InlineData(500)]
    public Task Slow_link_loses_nothing_and_fails_no_session_with_a_local_copy(int milliseconds) =>
        TellAsync("delay", (proxy, story) =>
            story.FaultAsync(
                "delay",
                "redis",
                FaultLayer.Link,
                () => Do(() => proxy.ToServer.Delay(TimeSpan.FromMilliseconds(milliseconds))),
                () => story.LastsAsync(TimeSpan.FromSeconds(Story.Times(normally: 3, atLength: 30))),
                () => Do(() => proxy.Heal())
            )
        );

    private async Task TellAsync(string fault, Func<FaultProxy, Story, Task> faults)
    {
        await using var redis = await RedisServer.StartAsync();
        await using var proxy = FaultProxy.Start(redis.Port);
        await using var nodes = await ChaosCluster.StartAsync(
            2,
            new NodeSettings { Store = $"127.0.0.1:{proxy.Port}" }
        );
        IReadOnlyList<string> failed = [];
        await Story.TellWithoutLossAsync(output, Story.Sticky(fault, nodes, fault), Options, async story =>
        {
            await faults(proxy, story);
            await story.GoOnAsync();
            failed = story.FailedRequests();
        });
        var logs = nodes.Nodes.Select(node => $"the log of {node.Name}:{Environment.NewLine}{node.Process.Output}");
        Assert.True(failed.Count == 0, string.Join(Environment.NewLine, [.. failed, .. logs]));
    }

    private static Task Do(Action action)
    {
        action();
        return Task.CompletedTask;
    }
}
