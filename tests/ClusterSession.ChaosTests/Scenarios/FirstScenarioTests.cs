using ClusterSession.ChaosNode;
using ClusterSession.ChaosTests.Cluster;
using ClusterSession.ChaosTests.Load;
using ClusterSession.Histories;
using ClusterSession.Histories.Checking;
using ClusterSession.TestKit.Faults;
using ClusterSession.TestKit.Servers;
using Xunit;

namespace ClusterSession.ChaosTests.Scenarios;

/// <summary>
/// Two short stories that use every part of the proof once: processes, load, a proxy, the recorder,
/// the checker.
/// </summary>
public sealed class FirstScenarioTests(ITestOutputHelper output)
{
    [Fact]
    public async Task A_node_killed_under_load_takes_nothing_with_it_that_was_acknowledged()
    {
        await using var redis = await RedisServer.StartAsync();
        await using var cluster = await ChaosCluster.StartAsync(3, new NodeSettings { Store = redis.ConnectionString });

        var verdict = await RunAsync("kill a node", cluster, ["kill"], async load =>
        {
            var fault = load.Recorder.BeginFault("kill", "B", FaultLayer.Node);
            await cluster.Nodes[1].Kill9Async();
            await RequestsAsync(load, 300);
            if (load.Recorder.ToHistory().Events.Any(e => e.Node == "B" && e.Result == RequestResult.Fail))
            {
                fault.Confirm("clients were refused");
            }
            await cluster.Nodes[1].StartAgainAsync();
            fault.Heal();
        });

        Assert.True(verdict.Outcome == VerdictOutcome.Passed, verdict.ToString());
    }

    [Fact]
    public async Task Commits_whose_replies_are_lost_happen_at_most_once_and_stay()
    {
        await using var redis = await RedisServer.StartAsync();
        await using var proxy = FaultProxy.Start(redis.Port, seed: 1, framing: ReplyFraming.Resp);
        await using var cluster = await ChaosCluster.StartAsync(
            2,
            new NodeSettings { Store = $"127.0.0.1:{proxy.Port}" }
        );

        var verdict = await RunAsync("lost replies", cluster, ["lost reply"], async load =>
        {
            var fault = load.Recorder.BeginFault("lost reply", "redis", FaultLayer.Link);
            for (var i = 0; i < 10; i++)
            {
                await proxy.DropReply("EVALSHA", occurrence: 20).Dropped.WaitAsync(TimeSpan.FromSeconds(30));
            }
            fault.Confirm("10 times");
            fault.Heal();
        });

        Assert.True(verdict.Outcome == VerdictOutcome.Passed, verdict.ToString());
    }

    private async Task<Verdict> RunAsync(
        string name,
        ChaosCluster cluster,
        string[] faults,
        Func<LoadProgram, Task> story
    )
    {
        using var load = new LoadProgram(
            new LoadPlan
            {
                Name = name,
                Seed = Environment.TickCount,
                Nodes = cluster.Addresses,
                Sequential = 6,
                Browsers = 2,
                DevicePairs = 1,
                Thieves = 1,
                PlannedFaults = faults,
            }
        );
        using var stop = new CancellationTokenSource();
        var running = load.RunAsync(stop.Token);
        try
        {
            await RequestsAsync(load, 500);
            await story(load);
            await RequestsAsync(load, 500);
        }
        finally
        {
            await stop.CancelAsync();
            await running;
        }
        await load.ReadEverythingAsync();

        var verdict = new HistoryChecker(
            CheckOptions.Default with
            {
                MinimumCrossNodeReads = 100,
                RegressionsMayBeReportedDuringFaults = true,
                EndedSessionsMayBeServedDuringFaults = true,
            }
        ).Check(load.Recorder.ToHistory());
        output.WriteLine(verdict.ToString());
        return verdict;
    }

    /// <summary>Waits until so many more requests have been made.</summary>
    private static Task RequestsAsync(LoadProgram load, int count)
    {
        var goal = load.Recorder.Count + count;
        return Condition.HoldsAsync(
            () => load.Recorder.Count >= goal,
            $"{count} more requests",
            TimeSpan.FromMinutes(2)
        );
    }
}
