using System.Globalization;
using System.Text;
using ClusterSession.ChaosNode;
using ClusterSession.ChaosNode.Broken;
using ClusterSession.ChaosTests.Cluster;
using ClusterSession.ChaosTests.Load;
using ClusterSession.ChaosTests.Load.Clients;
using ClusterSession.ChaosTests.Load.Http;
using ClusterSession.ChaosTests.Servers;
using ClusterSession.Histories;
using ClusterSession.Histories.Checking;
using ClusterSession.TestKit.Servers;
using Xunit;

namespace ClusterSession.ChaosTests.Scenarios;

/// <summary>
/// The old master, a sentinel and node A on one side, everybody else on the other; both sides
/// acknowledge (S12).
/// </summary>
public sealed class SplitBrainTests(ITestOutputHelper output)
{
    private const string Cut = "partition";

    private static readonly CheckOptions Strict = CheckOptions.Default with { MinimumCrossNodeReads = 0 };

    [RootFact]
    public async Task What_a_node_acknowledged_on_the_wrong_side_is_there_after_healing()
    {
        var (verdict, forks) = await TellAsync(
            BrokenPart.Nothing,
            Strict with
            {
                RegressionsMayBeReportedDuringFaults = true,
            }
        );

        Assert.True(verdict.Outcome == VerdictOutcome.Passed && Story.LostForGood(verdict) == 0, verdict.ToString());
        Assert.True(forks > 0, "a session that both sides wrote is a fork");
    }

    [RootFact]
    public async Task Without_replay_it_is_lost()
    {
        var (verdict, _) = await TellAsync(
            BrokenPart.Replay,
            Strict,
            "--ClusterSession:LocalCopies:MaxCount=0",
            "--ClusterSession:Outage:ReplayWindow=00:00:00"
        );

        Assert.True(
            verdict.Outcome == VerdictOutcome.Failed && verdict.Found("LOST-ENTRY") && Story.LostForGood(verdict) > 0,
            verdict.ToString()
        );
    }

    private async Task<(Verdict Verdict, long Forks)> TellAsync(
        BrokenPart broken,
        CheckOptions options,
        params string[] arguments
    )
    {
        await using var net = await SplitBrainNet.CreateAsync(3);
        await using var redis = await SentinelCluster.StartAsync(
            new SentinelClusterOptions { Hosts = net.Hosts, DownAfter = TimeSpan.FromMilliseconds(500) }
        );
        var settings = new NodeSettings { Store = redis.ConnectionString, Broken = broken };
        await using var a = await ChaosNodeProcess.StartAsync(settings with { Name = "A" }, net.Hosts[0], arguments);
        await using var b = await ChaosNodeProcess.StartAsync(settings with { Name = "B" }, net.Hosts[1], arguments);
        var plan = Story.Sticky(
            $"split brain, broken: {broken}",
            [new NodeAddress("A", a.EndPoint), new NodeAddress("B", b.EndPoint)],
            Cut
        ) with
        {
            Thieves = 0,
        };
        var verdict = await Story.TellAsync(output, plan, options, async story =>
        {
            var shared = await SharedSession.BeginAsync(story.Load, devices: 2);
            var old = await redis.MasterAsync();
            await story.FaultAsync(
                Cut,
                $"master on port {old.Port} and node A",
                () => net.PartitionAsync(0),
                async () =>
                {
                    await redis.NewMasterAsync(old);
                    await shared.AppendOnEachAsync();
                    await story.CommitsAsync(400);
                    // How long the fault lasts, not a wait for anything.
                    await Task.Delay(TimeSpan.FromSeconds(Story.Times(normally: 1, atLength: 20)));
                    Assert.True(await old.IsMasterAsync(), "both sides have a master");
                },
                async () =>
                {
                    await net.HealAsync();
                    // What the sentinels do too, about ten seconds later.
                    var master = await redis.MasterAsync();
                    await old.CommandAsync(
                        "REPLICAOF",
                        master.Host,
                        master.Port.ToString(CultureInfo.InvariantCulture)
                    );
                    await redis.InSyncAsync([old]);
                }
            );
            await story.GoOnAsync();
        });
        var forks = await CounterAsync(a, "clustersession.forks") + await CounterAsync(b, "clustersession.forks");
        output.WriteLine($"forks: {forks}");
        return (verdict, forks);
    }

    private static async Task<long> CounterAsync(ChaosNodeProcess node, string name)
    {
        using var connection = await PlainHttpConnection.ConnectAsync(node.EndPoint, CancellationToken.None);
        var answer = await connection.SendAsync("GET", $"/metric?name={name}", null, null, CancellationToken.None);
        return long.Parse(Encoding.UTF8.GetString(answer.Body), CultureInfo.InvariantCulture);
    }

    /// <summary>A session whose devices keep to a node each.</summary>
    private sealed class SharedSession
    {
        private const int FirstClient = 500_000;

        private readonly LoadProgram _load;
        private readonly List<CookieJar> _jars = [];
        private int _request;

        private SharedSession(LoadProgram load) => _load = load;

        public static async Task<SharedSession> BeginAsync(LoadProgram load, int devices)
        {
            var session = new SharedSession(load);
            session._jars.Add(load.Sessions.Begin());
            Assert.Equal(RequestResult.Ok, (await session.AppendAsync(0)).Result);
            for (var i = 1; i < devices; i++)
            {
                session._jars.Add(session._jars[0].Copy());
            }
            await session.AppendOnEachAsync();
            return session;
        }

        public async Task AppendOnEachAsync()
        {
            for (var i = 0; i < _jars.Count; i++)
            {
                var device = i;
                await Condition.HoldsAsync(
                    async () => (await AppendAsync(device)).Result == RequestResult.Ok,
                    $"device {device} has written"
                );
            }
        }

        private Task<HistoryEvent> AppendAsync(int device)
        {
            var (jar, number) = (_jars[device], _request++);
            return _load.Sender.SendAsync(
                FirstClient + device,
                ClientKind.Device,
                number,
                jar.State,
                jar,
                _load.Plan.Nodes[device],
                [Op.Append(new SelfDescribingValue(jar.Session, FirstClient + device, number, 0).ToText())]
            );
        }
    }
}
