using System.Diagnostics;
using ClusterSession.ChaosNode;
using ClusterSession.ChaosNode.Broken;
using ClusterSession.ChaosTests.Cluster;
using ClusterSession.ChaosTests.Load;
using ClusterSession.ChaosTests.Scenarios;
using ClusterSession.Histories;
using ClusterSession.Histories.Checking;
using ClusterSession.TestKit.Servers;
using Xunit;

namespace ClusterSession.ChaosTests.Controls;

/// <summary>
/// The product without one of the things that make it bear a store that forgets. Each must be
/// caught by the checker, in a story that the whole product passes.
/// </summary>
public sealed class BrokenRecoveryTests(ITestOutputHelper output)
{
    private const string Sessions = "cs*:1:{*";

    private static readonly CheckOptions Options = CheckOptions.Default with { MinimumCrossNodeReads = 0 };

    [Fact]
    public async Task Session_that_nodes_hold_is_not_lost_though_the_store_was_started_empty_before() =>
        Passes(await TellAsync("started empty, then deleted", BrokenPart.Nothing, Options, async story =>
            {
                await story.AppendAsync("A");
                await story.FaultAsync("started empty", FaultEffect.Outage, async redis =>
                {
                    await redis.Kill9Async();
                    await redis.StartAgainAsync();
                    await Condition.HoldsAsync(
                        async () => await redis.CommandAsync("KEYS", Sessions) != "",
                        "the session is restored"
                    );
                });
                await story.RepeatAsync(TimeSpan.FromSeconds(5), () => story.ListAsync("A"));
                await story.FaultAsync("keys deleted", FaultEffect.Loss, story.DeleteSessionsAsync);
                await Condition.HoldsAsync(
                    async () => (await story.ListAsync("B")).Result == RequestResult.Ok,
                    "B answers"
                );
                await story.ListAsync("A");
            }));

    [Fact]
    public async Task Without_pushes_of_evictions_a_copy_stays_as_it_was()
    {
        var verdict = await EvictAndChangeAsync(BrokenPart.Pushes);

        Assert.True(verdict.Outcome == VerdictOutcome.Failed && verdict.Found("STALE-READ"), verdict.ToString());
    }

    [Fact]
    public async Task With_them_a_copy_is_read_anew() => Passes(await EvictAndChangeAsync(BrokenPart.Nothing));

    [Fact]
    public async Task Without_the_ends_of_others_a_copy_brings_back_a_session_whose_tombstone_is_lost()
    {
        var verdict = await EndAndForgetAsync(BrokenPart.Ends);

        Assert.True(verdict.Outcome == VerdictOutcome.Failed && verdict.Found("RESURRECTED"), verdict.ToString());
    }

    [Fact]
    public async Task With_them_no_copy_does() => Passes(await EndAndForgetAsync(BrokenPart.Nothing));

    [Fact]
    public async Task Without_asking_a_session_is_lost_that_another_node_holds()
    {
        var verdict = await DeleteAsync(BrokenPart.Asking);

        Assert.True(verdict.Outcome == VerdictOutcome.Failed && verdict.Found("LOST-SESSION"), verdict.ToString());
    }

    [Fact]
    public async Task With_asking_it_is_not() => Passes(await DeleteAsync(BrokenPart.Nothing));

    [Fact]
    public async Task Without_the_life_that_is_left_a_session_that_is_restored_outlives_its_idle_time()
    {
        var verdict = await EmptyAndExpireAsync(BrokenPart.Life);

        Assert.True(verdict.Outcome == VerdictOutcome.Failed && verdict.Found("OUTLIVED-IDLE"), verdict.ToString());
    }

    [Fact]
    public async Task With_the_life_that_is_left_it_does_not() => Passes(await EmptyAndExpireAsync(BrokenPart.Nothing));

    [Fact]
    public async Task Where_a_missing_ring_is_taken_for_an_empty_one_a_node_that_starts_logs_everybody_out()
    {
        var verdict = await LoseTheRingAsync(BrokenPart.Documents);

        Assert.True(verdict.Outcome == VerdictOutcome.Failed && verdict.Found("LOST-SESSION"), verdict.ToString());
    }

    [Fact]
    public async Task Where_it_is_missing_the_node_waits_for_those_that_know_it() =>
        Passes(await LoseTheRingAsync(BrokenPart.Nothing));

    /// <summary>
    /// Two devices of one user: one has a copy at A, the session is evicted, the other one changes
    /// it at B.
    /// </summary>
    private Task<Verdict> EvictAndChangeAsync(BrokenPart broken) =>
        TellAsync(
            "evicted and changed elsewhere",
            broken,
            Options with
            {
                StalenessLimit = TimeSpan.FromSeconds(1),
            },
            async story =>
            {
                await story.AppendAsync("A");
                await story.ListAsync("A", client: 1);
                await story.FaultAsync("eviction", FaultEffect.Loss, async redis =>
                {
                    var used = long.Parse(
                        await redis.InfoAsync("memory", "used_memory"),
                        System.Globalization.CultureInfo.InvariantCulture
                    );
                    await redis.CommandAsync(
                        "CONFIG",
                        "SET",
                        "maxmemory-policy",
                        "allkeys-random",
                        "maxmemory",
                        $"{used / 2}"
                    );
                    await Condition.HoldsAsync(
                        async () => await redis.CommandAsync("KEYS", Sessions) == "",
                        "the session is evicted"
                    );
                    await redis.CommandAsync("CONFIG", "SET", "maxmemory", "0", "maxmemory-policy", "noeviction");
                });
                // B asks the other nodes for what is lost, and may refuse a request until it knows.
                await Condition.HoldsAsync(
                    async () => (await story.AppendAsync("B")).Result == RequestResult.Ok,
                    "B has changed the session"
                );
                await story.RepeatAsync(TimeSpan.FromSeconds(5), () => story.ListAsync("A", client: 1));
            }
        );

    /// <summary>
    /// A session is ended at A while B has a copy; A ends, the tombstone is lost, and a thief comes
    /// to B.
    /// </summary>
    private Task<Verdict> EndAndForgetAsync(BrokenPart broken) =>
        TellAsync("ended and forgotten", broken, Options, async story =>
        {
            await story.AppendAsync("A");
            var stolen = story.Jar.State;
            await story.ListAsync("B", client: 1, stolen);
            await story.SendAsync(0, "A", story.Jar, [Op.Destroy()]);
            // What it has ended is announced by then at the latest.
            await story.Nodes.Nodes[0].DrainAsync();
            await story.FaultAsync("keys deleted", FaultEffect.Loss, story.DeleteSessionsAsync);
            await story.ListAsync("B", client: 1, stolen);
            await story.ListAsync("B", client: 1, stolen);
            await story.Nodes.Nodes[0].StartAgainAsync();
        });

    /// <summary>A session that only A has is deleted, and its client goes to B.</summary>
    private Task<Verdict> DeleteAsync(BrokenPart broken) =>
        TellAsync("deleted and asked for elsewhere", broken, Options, async story =>
        {
            await story.AppendAsync("A");
            await story.FaultAsync("keys deleted", FaultEffect.Loss, story.DeleteSessionsAsync);
            await Condition.HoldsAsync(
                async () => (await story.ListAsync("B")).Result == RequestResult.Ok,
                "B answers"
            );
        });

    /// <summary>
    /// The store is away for the most of a session's idle time, comes back empty, and is given the
    /// session; B is asked for it when it has been idle for too long.
    /// </summary>
    private Task<Verdict> EmptyAndExpireAsync(BrokenPart broken)
    {
        var idle = TimeSpan.FromSeconds(8);
        return TellAsync(
            "restored and idle",
            broken,
            Options with
            {
                IdleTimeout = idle,
                ExpirySlack = TimeSpan.FromSeconds(2),
            },
            async story =>
            {
                await story.AppendAsync("A");
                var used = Stopwatch.GetTimestamp();
                await story.FaultAsync("started empty", FaultEffect.Outage, async redis =>
                {
                    await redis.Kill9Async();
                    await Condition.HoldsAsync(
                        () => Stopwatch.GetElapsedTime(used) > idle * 0.75,
                        "most of the idle time is over"
                    );
                    await redis.StartAgainAsync();
                    await Condition.HoldsAsync(
                        async () => await redis.CommandAsync("KEYS", Sessions) != "",
                        "the session is restored"
                    );
                });
                await Condition.HoldsAsync(
                    () => Stopwatch.GetElapsedTime(used) > idle + TimeSpan.FromSeconds(3),
                    "it has been idle for too long"
                );
                await story.ListAsync("B");
            },
            "--ClusterSession:IdleTimeout=00:00:08"
        );
    }

    /// <summary>
    /// The ring of keys is lost while the one node that knows it is frozen, and another one starts.
    /// </summary>
    private Task<Verdict> LoseTheRingAsync(BrokenPart broken) => TellAsync("ring lost", broken, Options, async story =>
        {
            await story.AppendAsync("A");
            var (knowing, starting) = (story.Nodes.Nodes[0], story.Nodes.Nodes[1]);
            await starting.DrainAsync();
            await story.FaultAsync("ring deleted", FaultEffect.Nothing, async redis =>
            {
                knowing.Process.Stop();
                try
                {
                    var ring = (await redis.CommandAsync("KEYS", "cs*:1:document:{keyring}*")).Split(
                        '\n',
                        StringSplitOptions.RemoveEmptyEntries
                    );
                    Assert.NotEqual("0", await redis.CommandAsync(["DEL", .. ring]));
                    await starting.StartAgainAsync();
                    await story.ListAsync("B");
                }
                finally
                {
                    knowing.Process.Continue();
                }
            });
            await Condition.HoldsAsync(
                async () => (await story.ListAsync("B")).Result == RequestResult.Ok,
                "the node that has started serves"
            );
        });

    private static void Passes(Verdict verdict) =>
        Assert.True(verdict.Outcome == VerdictOutcome.Passed, verdict.ToString());

    private async Task<Verdict> TellAsync(
        string name,
        BrokenPart broken,
        CheckOptions options,
        Func<SmallStory, Task> tell,
        params string[] arguments
    )
    {
        await using var redis = await RedisServer.StartAsync();
        await using var nodes = await ChaosCluster.StartAsync(
            2,
            new NodeSettings { Store = redis.ConnectionString, Broken = broken },
            arguments
        );
        using var story = new SmallStory($"{name}, broken: {broken}", redis, nodes);
        await tell(story);
        var verdict = await story.JudgeAsync(options);
        output.WriteLine(verdict.ToString());
        return verdict;
    }
}
