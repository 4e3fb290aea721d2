using System.Net;
using System.Text;
using ClusterSession.ChaosNode;
using ClusterSession.ChaosNode.Broken;
using ClusterSession.ChaosTests.Cluster;
using ClusterSession.ChaosTests.Load;
using ClusterSession.ChaosTests.Load.Http;
using ClusterSession.ChaosTests.Scenarios;
using ClusterSession.Histories;
using ClusterSession.Histories.Checking;
using ClusterSession.TestKit.Servers;
using Xunit;

namespace ClusterSession.ChaosTests.Controls;

/// <summary>
/// The product without one of the things that make it safe. Each must be caught, or the same story,
/// told of the whole product, proves nothing.
/// </summary>
public sealed class BrokenBuildTests(ITestOutputHelper output)
{
    private const string Ahead = "kill -9 of a master that is ahead";

    private static readonly CheckOptions Options = CheckOptions.Default with { MinimumCrossNodeReads = 0 };

    // Its positive twin is
    // SentinelTests.Commits_that_no_replica_had_are_replayed_to_the_promoted_one.
    [Fact]
    public async Task Without_replay_a_failover_loses_what_no_replica_had()
    {
        await using var redis = await SentinelCluster.StartAsync();
        // Without local copies, because a request of the session would repair it from them.
        await using var nodes = await ChaosCluster.StartAsync(
            2,
            new NodeSettings { Store = redis.ConnectionString, Broken = BrokenPart.Replay },
            "--ClusterSession:LocalCopies:MaxCount=0",
            "--ClusterSession:Outage:ReplayWindow=00:00:00"
        );

        var verdict = await Story.TellAsync(output, Story.Sticky("replay off", nodes, Ahead), Options, async story =>
        {
            var master = await redis.MasterAsync();
            await ReplicaPauser.HoldBackAsync(master, await redis.ReplicasAsync());
            await story.CommitsAsync(200);
            await story.FaultAsync(Ahead, $"master on port {master.Port}", master.Kill9Async, () =>
                redis.NewMasterAsync(master)
            );
        });

        Assert.True(verdict.Outcome == VerdictOutcome.Failed && verdict.Found("LOST-ENTRY"), verdict.ToString());
    }

    [Fact]
    public async Task Without_invalidations_and_token_clients_read_what_they_have_replaced()
    {
        var verdict = await WanderAsync(BrokenPart.Changes | BrokenPart.Token);

        Assert.True(verdict.Outcome == VerdictOutcome.Failed && verdict.Found("READ-YOUR-WRITES"), verdict.ToString());
    }

    [Fact]
    public async Task Without_invalidations_alone_the_token_saves_clients_from_that()
    {
        var verdict = await WanderAsync(BrokenPart.Changes);

        Assert.True(verdict.Outcome == VerdictOutcome.Passed, verdict.ToString());
    }

    // Where the nodes tell each other of ends, a tombstone is one of three that know them.
    [Fact]
    public async Task Without_tombstones_a_slow_writer_brings_an_ended_session_back()
    {
        var verdict = await EndBesideSlowWriterAsync(BrokenPart.Tombstones | BrokenPart.Ends | BrokenPart.Asking);

        Assert.True(verdict.Outcome == VerdictOutcome.Failed && verdict.Found("RESURRECTED"), verdict.ToString());
    }

    [Fact]
    public async Task A_tombstone_keeps_a_slow_writer_from_bringing_an_ended_session_back()
    {
        var verdict = await EndBesideSlowWriterAsync(BrokenPart.Nothing);

        Assert.True(verdict.Outcome == VerdictOutcome.Passed, verdict.ToString());
    }

    /// <summary>Clients go to any node with each request.</summary>
    private async Task<Verdict> WanderAsync(BrokenPart broken)
    {
        await using var redis = await RedisServer.StartAsync();
        await using var nodes = await ChaosCluster.StartAsync(
            2,
            new NodeSettings { Store = redis.ConnectionString, Broken = broken }
        );
        using var load = new LoadProgram(
            new LoadPlan
            {
                Name = broken.ToString(),
                Seed = Story.NewSeed(),
                Nodes = nodes.Addresses,
                Sequential = 4,
                Browsers = 0,
                DevicePairs = 0,
                Thieves = 0,
                RequestsPerClient = 200,
                Renews = false,
                Destroys = false,
            }
        );
        await load.RunAsync();
        await load.ReadEverythingAsync();
        var verdict = new HistoryChecker(Options).Check(load.Recorder.ToHistory());
        output.WriteLine(verdict.ToString());
        return verdict;
    }

    /// <summary>Node B has read the session and not yet written it when node A ends it.</summary>
    private async Task<Verdict> EndBesideSlowWriterAsync(BrokenPart broken)
    {
        await using var redis = await RedisServer.StartAsync();
        await using var nodes = await ChaosCluster.StartAsync(
            2,
            new NodeSettings { Store = redis.ConnectionString, Broken = broken }
        );
        using var load = new LoadProgram(
            new LoadPlan
            {
                Name = $"ended beside a slow writer, broken: {broken}",
                Seed = 0,
                Nodes = nodes.Addresses,
            }
        );
        var jar = load.Sessions.Begin();
        await SendAsync(0, jar, 0, Append(jar, 0, 0));
        await SendAsync(1, jar, 1, [Op.List()]);
        var cookie = jar.State;

        var slow = load.Sender.SendAsync(
            1,
            ClientKind.Thief,
            2,
            cookie,
            null,
            load.Plan.Nodes[1],
            Append(jar, 1, 2),
            meet: "writer&of=2"
        );
        await Condition.HoldsAsync(() => HasComeAsync(nodes.Nodes[1].EndPoint), "the slow writer has read the session");
        await SendAsync(0, jar, 3, [Op.Destroy()]);
        var other = load.Sessions.Begin();
        await load.Sender.SendAsync(
            2,
            ClientKind.Sequential,
            4,
            other.State,
            other,
            load.Plan.Nodes[1],
            Append(other, 2, 4),
            meet: "writer&of=2"
        );
        await slow;

        for (var i = 0; i < 4; i++)
        {
            await load.Sender.SendAsync(3, ClientKind.Thief, 5 + i, cookie, null, load.Plan.Nodes[i % 2], [Op.List()]);
        }
        await load.ReadEverythingAsync();
        var verdict = new HistoryChecker(Options).Check(load.Recorder.ToHistory());
        output.WriteLine(verdict.ToString());
        return verdict;

        Task<HistoryEvent> SendAsync(int node, CookieJar to, int number, IReadOnlyList<Op> ops) =>
            load.Sender.SendAsync(0, ClientKind.Sequential, number, to.State, to, load.Plan.Nodes[node], ops);

        static IReadOnlyList<Op> Append(CookieJar to, int client, int number) =>
            [Op.Append(new SelfDescribingValue(to.Session, client, number, 0).ToText())];

        static async Task<bool> HasComeAsync(IPEndPoint node)
        {
            using var connection = await PlainHttpConnection.ConnectAsync(node, CancellationToken.None);
            var answer = await connection.SendAsync("GET", "/met?name=writer", null, null, CancellationToken.None);
            return Encoding.UTF8.GetString(answer.Body) == "1";
        }
    }
}
