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
/// The store executes a commit, its reply is lost, and another node commits before the first one is
/// connected again.
/// </summary>
public sealed class LostReplyTests(ITestOutputHelper output)
{
    [Fact]
    public async Task A_node_whose_commit_was_executed_without_its_knowing_misses_no_commit_of_others()
    {
        await using var redis = await RedisServer.StartAsync();
        await using var proxy = FaultProxy.Start(redis.Port, framing: ReplyFraming.Resp);
        await using var a = await ChaosNodeProcess.StartAsync(
            new NodeSettings { Name = "A", Store = $"127.0.0.1:{proxy.Port}" }
        );
        await using var b = await ChaosNodeProcess.StartAsync(
            new NodeSettings { Name = "B", Store = redis.ConnectionString }
        );
        var plan = new LoadPlan
        {
            Name = "lost reply",
            Seed = 0,
            Nodes = [new NodeAddress("A", a.EndPoint), new NodeAddress("B", b.EndPoint)],
            PlannedFaults = ["lost reply"],
        };
        using var load = new LoadProgram(plan);
        var jar = load.Sessions.Begin();
        var request = 0;
        await AppendAsync("A");
        await AppendAsync("B");

        for (var round = 0; round < 5; round++)
        {
            var fault = load.Recorder.BeginFault("lost reply", "A-redis", FaultLayer.Link);
            var drop = proxy.DropReply("EVALSHA");
            proxy.RefuseNew();
            List<Task> cut = [AppendAsync("A"), AppendAsync("A"), AppendAsync("A")];
            await drop.Dropped;
            fault.Confirm();
            await AppendAsync("B");
            proxy.AcceptNew();
            await AppendAsync("B");
            await Task.WhenAll(cut);
            fault.Heal();
            await Task.WhenAll(AppendAsync("A"), AppendAsync("B"));
        }
        await load.ReadEverythingAsync();

        var verdict = new HistoryChecker(
            CheckOptions.Default with
            {
                MinimumCrossNodeReads = 0,
                RegressionsMayBeReportedDuringFaults = true,
            }
        ).Check(load.Recorder.ToHistory());
        output.WriteLine(verdict.ToString());
        Assert.True(verdict.Outcome == VerdictOutcome.Passed, verdict.ToString());

        Task<HistoryEvent> AppendAsync(string node)
        {
            var number = request++;
            return load.Sender.SendAsync(
                0,
                ClientKind.Parallel,
                number,
                jar.State,
                jar,
                plan.Nodes.First(n => n.Name == node),
                [Op.Append(new SelfDescribingValue(jar.Session, 0, number, 0).ToText())]
            );
        }
    }
}
