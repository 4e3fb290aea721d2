using ClusterSession.TestKit.Faults;
using ClusterSession.TestKit.Nodes;
using Xunit;

namespace ClusterSession.IntegrationTests.Redis.Topology;

/// <summary>
/// One address that leads to two masters for a moment, so that the connections of two nodes land on
/// different ones, again and again; then one of the two is made a replica of the other, and what it
/// alone had is gone.
/// </summary>
public sealed class TwoMastersTests
{
    private const int Rounds = 8;
    private const int EndedAtEach = 4;
    private const int Kept = 20;

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Two_masters_behind_one_address_revive_no_session_and_lock_nobody_out(bool areTurnsTaken)
    {
        await using var first = await RedisServer.StartAsync();
        await using var second = await RedisServer.StartAsync(new RedisServerOptions { ReplicaOf = first.Port });
        await InStepAsync(second);
        await using var addressOfA = FaultProxy.Start(first.Port);
        await using var addressOfB = FaultProxy.Start(first.Port);
        await using var a = await StartAsync(addressOfA);
        await using var b = await StartAsync(addressOfB);
        var kept = await BeginAsync(a, b, Kept);
        var ended = new List<(TestBrowser Browser, string How)>();

        var (ruler, rival) = (first, second);
        for (var round = 0; round < Rounds; round++)
        {
            var doomed = await BeginAsync(a, b, 2 * EndedAtEach);
            await InStepAsync(rival);
            await rival.HasAllOfAsync(ruler);
            Assert.Equal("OK", await rival.CommandAsync("REPLICAOF", "NO", "ONE"));
            addressOfB.Target = new System.Net.IPEndPoint(System.Net.IPAddress.Loopback, rival.Port);
            addressOfB.ResetConnections();
            await Condition.HoldsAsync(
                () => IsServedAsync(b.Browser(), "/set/color/red", b),
                "B uses the other master"
            );

            await Task.WhenAll(kept.Select((browser, i) => browser.GetAsync($"/set/n/{round}", i % 2 == 0 ? a : b)));
            for (var i = 0; i < doomed.Length; i++)
            {
                var former = doomed[i].Copy();
                if (await IsServedAsync(doomed[i], "/destroy", i % 2 == 0 ? a : b))
                {
                    ended.Add((former, $"ended by {(i % 2 == 0 ? "A" : "B")} in round {round}"));
                }
            }

            var winner = areTurnsTaken && round % 2 == 0 ? rival : ruler;
            (ruler, rival) = winner == ruler ? (ruler, rival) : (rival, ruler);
            Assert.Equal("OK", await rival.CommandAsync("REPLICAOF", ruler.Host, $"{ruler.Port}"));
            await InStepAsync(rival);
            foreach (var address in new[] { addressOfA, addressOfB })
            {
                address.Target = new System.Net.IPEndPoint(System.Net.IPAddress.Loopback, ruler.Port);
                address.ResetConnections();
            }

            await Condition.HoldsAsync(
                async () =>
                    await IsServedAsync(a.Browser(), "/set/color/red", a)
                    && await IsServedAsync(b.Browser(), "/set/color/red", b)
                    && a.Unsaved() + b.Unsaved() == 0,
                $"both nodes use the one master again after round {round}"
            );
        }

        foreach (var node in new[] { a, b })
        {
            foreach (var browser in kept)
            {
                await Condition.HoldsAsync(() => IsServedAsync(browser, "/get/color", node), "no session is kept out");
                Assert.Equal("red", await browser.Copy().GetAsync("/get/color", node));
                Assert.Equal($"{Rounds - 1}", await browser.Copy().GetAsync("/get/n", node));
            }
        }

        Assert.Equal(Rounds * 2 * EndedAtEach, ended.Count);
        // Until a node has heard of the ends that the other one made at the other master it serves
        // what it has.
        await Condition.HoldsAsync(
            async () => (await ServedAsync(ended, a, b)).Count == 0,
            "no node serves what was ended",
            TimeSpan.FromSeconds(5)
        );
        Assert.Empty(await ServedAsync(ended, a, b)); // And they stay dead.
    }

    private static async Task<IReadOnlyList<string>> ServedAsync(
        IEnumerable<(TestBrowser Browser, string How)> ended,
        TestNode a,
        TestNode b
    )
    {
        var served = new List<string>();
        foreach (var (browser, how) in ended)
        {
            foreach (var node in new[] { a, b })
            {
                if (await browser.Copy().GetAsync("/get/color", node) != "")
                {
                    served.Add($"{how}, served by {(node == a ? "A" : "B")}");
                }
            }
        }

        return served;
    }

    private static Task<TestNode> StartAsync(FaultProxy address) =>
        TestNode.StartAsync(RedisNode.Store($"127.0.0.1:{address.Port}", TimeSpan.FromSeconds(1)));

    /// <summary>Sessions of which both nodes have a copy.</summary>
    private static async Task<TestBrowser[]> BeginAsync(TestNode a, TestNode b, int count)
    {
        var browsers = Enumerable.Range(0, count).Select(_ => a.Browser()).ToArray();
        foreach (var browser in browsers)
        {
            await Condition.HoldsAsync(() => IsServedAsync(browser, "/set/color/red", a), "the session has begun");
            await Condition.HoldsAsync(() => IsServedAsync(browser, "/get/color", b), "the other node has a copy");
        }

        return browsers;
    }

    private static async Task<bool> IsServedAsync(TestBrowser browser, string path, TestNode at)
    {
        await browser.GetAsync(path, at);
        return (int)browser.LastStatus == 200;
    }

    private static Task InStepAsync(RedisServer replica) =>
        Condition.HoldsAsync(
            async () => await replica.InfoAsync("replication", "master_link_status") == "up",
            "the replica is in step"
        );
}
