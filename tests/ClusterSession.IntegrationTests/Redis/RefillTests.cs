using System.Diagnostics;
using Xunit;

namespace ClusterSession.IntegrationTests.Redis;

/// <summary>How fast a store that lost everything is filled again (S14).</summary>
public sealed class RefillTests(ITestOutputHelper output)
{
    private static int Sessions => Environment.GetEnvironmentVariable("CLUSTERSESSION_LONG") == "1" ? 100_000 : 2_000;

    [Fact]
    public async Task Store_that_is_started_empty_is_given_every_session_that_a_node_has_without_a_request()
    {
        await using var redis = await RedisServer.StartAsync();
        await using var node = await RedisNode.StartAsync(redis);
        await Parallel.ForAsync(0, Sessions, async (i, _) =>
            Assert.Equal($"{i}", await node.Browser().GetAsync($"/set/n/{i}"))
        );
        var before = await SessionsAsync(redis);
        Assert.Equal(Sessions, before.Count);

        await redis.Kill9Async();
        await redis.StartAgainAsync();
        var since = Stopwatch.GetTimestamp();
        await Condition.HoldsAsync(
            async () => long.Parse(await redis.CommandAsync("DBSIZE")) >= Sessions,
            "the sessions are back",
            TimeSpan.FromMinutes(2)
        );
        output.WriteLine(
            $"{Sessions} sessions were back {Stopwatch.GetElapsedTime(since).TotalSeconds:0.0} s after the store took writes again"
        );

        await Condition.HoldsAsync(async () => before.IsSubsetOf(await SessionsAsync(redis)), "they are the same ones");
    }

    private static async Task<HashSet<string>> SessionsAsync(RedisServer redis) =>
        [.. (await redis.CommandAsync("KEYS", "cs:1:{*")).Split('\n', StringSplitOptions.RemoveEmptyEntries)];
}
