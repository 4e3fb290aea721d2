using System.Globalization;
using ClusterSession.ChaosNode;
using ClusterSession.ChaosNode.Broken;
using ClusterSession.ChaosTests.Cluster;
using ClusterSession.ChaosTests.Scenarios;
using ClusterSession.Histories;
using ClusterSession.Histories.Checking;
using ClusterSession.TestKit.Servers;
using Xunit;

namespace ClusterSession.ChaosTests.Controls;

/// <summary>
/// The product over a server that keeps to itself what the node's own commands have made it evict,
/// and whose OK is believed: what every build had that tracked with NOLOOP.
/// </summary>
public sealed class OwnEvictionTests(ITestOutputHelper output)
{
    private static readonly CheckOptions Options = CheckOptions.Default with
    {
        MinimumCrossNodeReads = 0,
        StalenessLimit = TimeSpan.FromSeconds(1),
    };

    [Fact]
    public async Task Without_pushes_of_what_the_own_commands_evict_a_copy_stays_as_it_was()
    {
        var verdict = await EvictAndChangeAsync(BrokenPart.OwnPushes);

        Assert.True(verdict.Outcome == VerdictOutcome.Failed && verdict.Found("STALE-READ"), verdict.ToString());
    }

    [Fact]
    public async Task With_them_a_copy_is_read_anew()
    {
        var verdict = await EvictAndChangeAsync(BrokenPart.Nothing);

        Assert.True(verdict.Outcome == VerdictOutcome.Passed, verdict.ToString());
    }

    /// <summary>
    /// Both nodes have a copy. What A writes makes Redis evict the session, and B, which was
    /// pushed that, changes it.
    /// </summary>
    private async Task<Verdict> EvictAndChangeAsync(BrokenPart broken)
    {
        await using var redis = await RedisServer.StartAsync();
        await using var nodes = await ChaosCluster.StartAsync(
            2,
            new NodeSettings { Store = redis.ConnectionString, Broken = broken }
        );
        using var story = new SmallStory($"evicted by the node itself, broken: {broken}", redis, nodes);
        await story.AppendAsync("A");
        await story.ListAsync("A", client: 1);
        await story.ListAsync("B", client: 2);
        await story.FaultAsync("eviction", FaultEffect.Loss, async _ =>
        {
            var session = (await redis.CommandAsync("KEYS", "cs*:1:{*")).Trim();
            await Condition.HoldsAsync(
                async () => await redis.CommandAsync("OBJECT", "IDLETIME", session) is not ("0" or "1"),
                "it is the one that was not used for longest"
            );
            var used = long.Parse(await redis.InfoAsync("memory", "used_memory"), CultureInfo.InvariantCulture);
            // A server evicts before it executes any command, of any client: nobody but A asks.
            story.Nodes.Nodes[1].Process.Stop();
            try
            {
                await redis.CommandAsync(
                    "CONFIG",
                    "SET",
                    "maxmemory-policy",
                    "volatile-lru",
                    "maxmemory-samples",
                    "64",
                    "maxmemory",
                    $"{used + 2_000_000}"
                );
                await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => story.FillAsync("A", sessions: 10)));
            }
            finally
            {
                story.Nodes.Nodes[1].Process.Continue();
            }

            Assert.Equal("0", await redis.CommandAsync("EXISTS", session));
            await redis.CommandAsync("CONFIG", "SET", "maxmemory", "0", "maxmemory-policy", "noeviction");
        });
        await Condition.HoldsAsync(
            async () => (await story.AppendAsync("B")).Result == RequestResult.Ok,
            "B has changed the session"
        );
        await story.RepeatAsync(TimeSpan.FromSeconds(4), () => story.ListAsync("A", client: 1));
        var verdict = await story.JudgeAsync(Options);
        output.WriteLine(verdict.ToString());
        return verdict;
    }
}
