using System.Globalization;
using ClusterSession.TestKit.Metrics;
using ClusterSession.TestKit.Nodes;
using Xunit;

namespace ClusterSession.IntegrationTests.Redis;

/// <summary>
/// A server that was set by mistake to evict whatever is used least, as a cache is (S12).
/// </summary>
public sealed class EvictionTests
{
    private const int Sessions = 20;

    [Fact]
    public async Task Sessions_that_the_server_evicted_are_no_logout()
    {
        await using var redis = await RedisServer.StartAsync();
        await using var a = await RedisNode.StartAsync(redis);
        await using var b = await RedisNode.StartAsync(redis);
        using var lost = new CounterReading(a.Services, "clustersession.losses");
        var browsers = new List<TestBrowser>();
        for (var i = 0; i < Sessions; i++)
        {
            browsers.Add(a.Browser());
            await browsers[i].GetAsync($"/set/color/{i}");
        }

        await EvictAllAsync(redis);

        for (var i = 0; i < Sessions; i++)
        {
            Assert.Equal($"{i}", await browsers[i].GetAsync("/get/color", a));
            Assert.Equal("False", await browsers[i].GetAsync("/regressed", a));
            await browsers[i].GetAsync("/set/size/large", a);
            Assert.Equal(200, (int)browsers[i].LastStatus);
            Assert.Equal("color,size", await browsers[i].GetAsync("/keys", b));
        }

        Assert.True(lost.Value >= Sessions, $"{lost.Value} were seen to be lost");
    }

    /// <summary>Other people's values push everything of ours out.</summary>
    private static async Task EvictAllAsync(RedisServer redis)
    {
        const int MaxValues = 5_000;
        var value = new string('x', 100_000);
        var used = long.Parse(await redis.InfoAsync("memory", "used_memory"), CultureInfo.InvariantCulture);
        Assert.Equal(
            "OK",
            await redis.CommandAsync(
                "CONFIG",
                "SET",
                "maxmemory",
                $"{used + 3_000_000}",
                "maxmemory-policy",
                "allkeys-lru"
            )
        );
        using var others = await RawRedisClient.ConnectAsync(redis.Port, null, TimeSpan.FromSeconds(10));
        for (var i = 0; i < MaxValues; i++)
        {
            await others.CommandAsync("SET", $"other:{i}", value);
            if (i % 50 == 49 && (await others.CommandAsync("KEYS", "cs:1:{*")).Trim() is { Length: 0 })
            {
                return;
            }
        }

        Assert.Fail($"The server has not evicted all sessions after {MaxValues} values.");
    }
}
