using ClusterSession.ChaosNode;
using ClusterSession.ChaosTests.Cluster;
using ClusterSession.ChaosTests.Load;
using ClusterSession.Histories;
using ClusterSession.Histories.Checking;
using ClusterSession.TestKit.Servers;
using Xunit;

namespace ClusterSession.ChaosTests.Controls;

/// <summary>
/// The negative control: ASP.NET Core's own session reads the whole session and writes the whole
/// session, so of two requests at once one loses. A proof that does not catch it proves nothing
/// about the product.
/// </summary>
public sealed class AddSessionTests(ITestOutputHelper output)
{
    private static readonly CheckOptions Options = CheckOptions.Default with { MinimumCrossNodeReads = 0 };

    [Fact]
    public async Task Of_two_requests_at_once_that_add_different_entries_one_is_lost_and_the_checker_says_so()
    {
        await using var cluster = await ChaosCluster.StartAsync(1, new NodeSettings { Mode = SessionMode.AddSession });

        var verdict = await TwoAtOnceAsync(cluster);

        Assert.True(verdict.Outcome == VerdictOutcome.Failed && verdict.Found("LOST-ENTRY"), verdict.ToString());
    }

    [Fact]
    public async Task The_same_two_requests_are_both_kept_by_the_product()
    {
        await using var cluster = await ChaosCluster.StartAsync(1, new NodeSettings());

        var verdict = await TwoAtOnceAsync(cluster);

        Assert.True(verdict.Outcome == VerdictOutcome.Passed, verdict.ToString());
    }

    [Fact]
    public async Task Under_load_on_one_node_in_memory_it_loses()
    {
        await using var cluster = await ChaosCluster.StartAsync(1, new NodeSettings { Mode = SessionMode.AddSession });

        await LosesUnderLoadAsync(cluster);
    }

    [Fact]
    public async Task Under_load_on_two_nodes_over_the_same_redis_it_loses()
    {
        await using var redis = await RedisServer.StartAsync();
        await using var cluster = await ChaosCluster.StartAsync(
            2,
            new NodeSettings { Mode = SessionMode.AddSession, Store = redis.Endpoint }
        );

        await LosesUnderLoadAsync(cluster);
    }

    private async Task LosesUnderLoadAsync(ChaosCluster cluster)
    {
        using var load = new LoadProgram(
            new LoadPlan
            {
                Name = "AddSession",
                Seed = 1,
                Nodes = cluster.Addresses,
                Sequential = 1,
                Browsers = 4,
                Thieves = 0,
                RequestsPerClient = 240,
                Renews = false,
                Destroys = false,
            }
        );
        await load.RunAsync();
        await load.ReadEverythingAsync();
        var verdict = new HistoryChecker(Options).Check(load.Recorder.ToHistory());
        output.WriteLine(verdict.ToString());

        Assert.True(verdict.Outcome == VerdictOutcome.Failed && verdict.Found("LOST-ENTRY"), verdict.ToString());
    }

    private async Task<Verdict> TwoAtOnceAsync(ChaosCluster cluster)
    {
        using var load = new LoadProgram(
            new LoadPlan
            {
                Name = "two at once",
                Seed = 0,
                Nodes = cluster.Addresses,
            }
        );
        var jar = load.Sessions.Begin();
        await AppendAsync(load, jar, 0);

        // Both have read the session before either writes it: the nodes let them meet.
        await Task.WhenAll(MeetAsync(load, jar, 1), MeetAsync(load, jar, 2));
        await load.ReadEverythingAsync();

        var verdict = new HistoryChecker(Options).Check(load.Recorder.ToHistory());
        output.WriteLine(verdict.ToString());
        return verdict;
    }

    private static Task<HistoryEvent> AppendAsync(LoadProgram load, CookieJar jar, int number) =>
        load.Sender.SendAsync(
            0,
            ClientKind.Parallel,
            number,
            jar.State,
            jar,
            load.Plan.Nodes[0],
            [Op.Append(new SelfDescribingValue(jar.Session, 0, number, 0).ToText())]
        );

    private static Task<HistoryEvent> MeetAsync(LoadProgram load, CookieJar jar, int number) =>
        load.Sender.SendAsync(
            0,
            ClientKind.Parallel,
            number,
            jar.State,
            jar,
            load.Plan.Nodes[0],
            [Op.Append(new SelfDescribingValue(jar.Session, 0, number, 0).ToText())],
            meet: "both&of=2"
        );
}
