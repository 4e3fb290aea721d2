using ClusterSession.ChaosNode;
using ClusterSession.ChaosTests.Cluster;
using ClusterSession.Histories.Checking;
using ClusterSession.TestKit.Servers;
using Xunit;

namespace ClusterSession.ChaosTests.Scenarios;

/// <summary>
/// One Redis server without replicas or persistence, two nodes: it dies, forgets, freezes, fills up
/// (S07, S11, S14, S15, S17 of the fault list).
/// </summary>
public sealed class StandaloneTests(ITestOutputHelper output)
{
    private static readonly CheckOptions Strict = CheckOptions.Default with { MinimumCrossNodeReads = 0 };

    // What one node keeps while the store does not take it, the other one can only report as
    // missing: the thief comes there with the owner's cookie.
    private static readonly CheckOptions Options = Strict with { RegressionsMayBeReportedDuringFaults = true };

    // The thief goes on at a node which can not hear, while the store is away, that the owner has
    // ended the session at the other one.
    private static readonly CheckOptions WithEnds = Options with { EndedSessionsMayBeServedDuringFaults = true };

    [Fact]
    public async Task Store_that_is_stopped_and_started_empty_is_filled_again_and_nobody_notices()
    {
        await using var redis = await RedisServer.StartAsync();
        await TellAsync(redis, "kill -9 of the store", Options, destroys: false, async story =>
        {
            HashSet<string> before = [];
            await story.FaultAsync(
                "kill -9 of the store",
                redis.Endpoint,
                async () =>
                {
                    before = await SessionKeysAsync(redis);
                    await redis.Kill9Async();
                },
                () => story.LastsAsync(Outage),
                () => redis.StartAgainAsync()
            );
            Assert.NotEmpty(before);
            await FilledAgainAsync(redis, before);
        });
    }

    [Fact]
    public async Task Session_that_was_ended_does_not_come_back_into_a_store_that_was_started_empty()
    {
        await using var redis = await RedisServer.StartAsync();
        await TellAsync(redis, "kill -9 of the store", WithEnds, destroys: true, async story =>
        {
            await story.FaultAsync(
                "kill -9 of the store",
                redis.Endpoint,
                redis.Kill9Async,
                () => story.LastsAsync(Outage),
                () => redis.StartAgainAsync()
            );
            // Longer than what the checker takes for the aftermath, so that ends are judged without
            // any excuse.
            await story.LastsAsync(TimeSpan.FromSeconds(3));
        });
    }

    [Fact]
    public async Task Store_that_is_emptied_by_its_operator_is_filled_again()
    {
        await using var redis = await RedisServer.StartAsync();
        await TellAsync(redis, "FLUSHALL", Options, destroys: false, async story =>
        {
            for (var i = 0; i < Story.Times(normally: 2, atLength: 20); i++)
            {
                var before = await SessionKeysAsync(redis);
                await story.FaultAsync(
                    "FLUSHALL",
                    redis.Endpoint,
                    () => RunAsync(redis, "FLUSHALL"),
                    () => FilledAgainAsync(redis, before)
                );
                await story.GoOnAsync();
            }
        });
    }

    [Fact]
    public async Task Scripts_that_the_server_has_forgotten_are_sent_again()
    {
        await using var redis = await RedisServer.StartAsync();
        await TellAsync(redis, "SCRIPT FLUSH", Strict, destroys: false, async story =>
        {
            for (var i = 0; i < Story.Times(normally: 5, atLength: 50); i++)
            {
                await story.FaultAsync(
                    "SCRIPT FLUSH",
                    redis.Endpoint,
                    () => RunAsync(redis, "SCRIPT", "FLUSH"),
                    () => RefusedAsync(redis, "NOSCRIPT"),
                    () => RunAsync(redis, "CONFIG", "RESETSTAT")
                );
                await story.CommitsAsync(100);
            }
        });
    }

    [Fact]
    public async Task Commits_that_a_full_store_refuses_are_kept_until_it_has_room()
    {
        await using var redis = await RedisServer.StartAsync(
            new RedisServerOptions { Config = ["maxmemory-policy noeviction"] }
        );
        await TellAsync(redis, "maxmemory", Options, destroys: false, story => story.FaultAsync(
                "maxmemory",
                redis.Endpoint,
                () => RunAsync(redis, "CONFIG", "SET", "maxmemory", "100kb"),
                async () =>
                {
                    await RefusedAsync(redis, "OOM");
                    await story.LastsAsync(Outage);
                },
                () => RunAsync(redis, "CONFIG", "SET", "maxmemory", "0")
            ));
    }

    [Fact]
    public async Task Frozen_store_holds_up_no_session_with_a_local_copy()
    {
        await using var redis = await RedisServer.StartAsync();
        await TellAsync(redis, "SIGSTOP", Options, destroys: false, story => story.FaultAsync(
                "SIGSTOP",
                redis.Endpoint,
                () =>
                {
                    redis.Process.Stop();
                    return Task.CompletedTask;
                },
                () => story.LastsAsync(Outage),
                () =>
                {
                    redis.Process.Continue();
                    return Task.CompletedTask;
                }
            ));
    }

    [Fact]
    public async Task Endless_script_of_somebody_else_holds_up_no_session_with_a_local_copy()
    {
        await using var redis = await RedisServer.StartAsync(
            new RedisServerOptions { Config = ["busy-reply-threshold 100"] }
        );
        var script = Task.FromResult("");
        await TellAsync(redis, "BUSY", Options, destroys: false, story => story.FaultAsync(
                "BUSY",
                redis.Endpoint,
                () =>
                {
                    script = redis.CommandAsync("EVAL", "while true do end", "0");
                    return Task.CompletedTask;
                },
                async () =>
                {
                    await Condition.HoldsAsync(
                        async () => (await redis.CommandAsync("PING")).StartsWith("-BUSY", StringComparison.Ordinal),
                        "the server is busy"
                    );
                    await story.LastsAsync(TimeSpan.FromSeconds(3));
                },
                async () =>
                {
                    await RunAsync(redis, "SCRIPT", "KILL");
                    Assert.Contains("killed by user", await script, StringComparison.OrdinalIgnoreCase);
                }
            ));
    }

    [Fact]
    public async Task Store_that_is_still_loading_is_not_there_yet()
    {
        await using var redis = await RedisServer.StartAsync(new RedisServerOptions { AppendOnly = true });
        await TellAsync(redis, "LOADING", Options, destroys: false, async story =>
        {
            await story.CommitsAsync(1000);
            await story.FaultAsync("LOADING", redis.Endpoint, redis.Kill9Async, async () =>
            {
                await redis.StartAgainAsync("key-load-delay 2000"); // microseconds for each command of the log
                Assert.Contains(
                    "errorstat_LOADING",
                    await redis.CommandAsync("INFO", "errorstats"),
                    StringComparison.Ordinal
                );
            });
        });
    }

    private static TimeSpan Outage => TimeSpan.FromSeconds(Story.Times(normally: 3, atLength: 60));

    /// <summary>
    /// Tells it to two nodes with sticky clients, of whom none with a session may be failed.
    /// </summary>
    private async Task TellAsync(
        RedisServer redis,
        string fault,
        CheckOptions options,
        bool destroys,
        Func<Story, Task> faults
    )
    {
        await using var nodes = await ChaosCluster.StartAsync(2, new NodeSettings { Store = redis.ConnectionString });
        IReadOnlyList<string> failed = [];
        await Story.TellWithoutLossAsync(
            output,
            Story.Sticky(fault, nodes, fault) with
            {
                Destroys = destroys,
            },
            options,
            async story =>
            {
                await faults(story);
                await story.GoOnAsync();
                failed = story.FailedRequests();
            }
        );
        var logs = nodes.Nodes.Select(node => $"the log of {node.Name}:{Environment.NewLine}{node.Process.Output}");
        Assert.True(failed.Count == 0, string.Join(Environment.NewLine, failed.Concat(logs)));
    }

    private static async Task RunAsync(RedisServer redis, params string[] command) =>
        Assert.Equal("OK", await redis.CommandAsync(command));

    /// <summary>Waits until the server has refused something so.</summary>
    private static Task RefusedAsync(RedisServer redis, string error) =>
        Condition.HoldsAsync(
            async () =>
                (await redis.CommandAsync("INFO", "errorstats")).Contains(
                    "errorstat_" + error,
                    StringComparison.Ordinal
                ),
            $"the server has refused something with {error}"
        );

    private static async Task<HashSet<string>> SessionKeysAsync(RedisServer redis) =>
        [.. (await redis.CommandAsync("KEYS", "cs*:1:{*")).Split('\n', StringSplitOptions.RemoveEmptyEntries)];

    /// <summary>
    /// Waits until the store has these sessions; those without any further request too, so this is
    /// not the doing of the clients.
    /// </summary>
    private static Task FilledAgainAsync(RedisServer redis, IReadOnlySet<string> sessions) =>
        Condition.HoldsAsync(
            async () => sessions.IsSubsetOf(await SessionKeysAsync(redis)),
            $"the {sessions.Count} sessions are back in the store"
        );
}
