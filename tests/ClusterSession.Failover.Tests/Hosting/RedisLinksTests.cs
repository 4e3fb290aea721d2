using ClusterSession.Failover.Documents;
using ClusterSession.Failover.Hosting;
using ClusterSession.Failover.Tests.Control;
using Xunit;

namespace ClusterSession.Failover.Tests.Hosting;

/// <summary>The settings reach a real Redis.</summary>
public sealed class RedisLinksTests
{
    [Fact]
    public async Task Agent_of_the_settings_opens_and_closes_its_redis()
    {
        await using var redis = await ClosedRedis.StartAsync();
        await using var links = new RedisLinks(Options(), TimeProvider.System);
        var own = links.Own(redis.Member);
        var seen = await own.LookAsync(default);
        Assert.True(seen is { IsReachable: true, IsOpen: false }, own.Trouble);
        var tenure = await redis.TenureAsync(1);
        await own.PromoteAsync(tenure, default);
        await own.OpenAsync(tenure, ClosedRedis.In(TimeSpan.FromMinutes(1)), default);
        Assert.True((await own.LookAsync(default)).IsOpen);
        Assert.True((await links.Of(redis.Member).LookAsync(default)).IsOpen);
        Assert.Equal("OK", await redis.CommitAsync(tenure, "v"));
        await own.CloseAsync(default);
        Assert.False((await own.LookAsync(default)).IsOpen);
    }

    [Fact]
    public async Task Wrong_password_is_what_the_agent_shows_as_trouble()
    {
        await using var redis = await ClosedRedis.StartAsync();
        var options = Options();
        options.RedisPassword = "not-this-one";
        await using var links = new RedisLinks(options, TimeProvider.System);
        var own = links.Own(redis.Member);
        Assert.False((await own.LookAsync(default)).IsReachable);
        Assert.Contains("refuses user 'agent'", own.Trouble);
        Assert.DoesNotContain("not-this-one", own.Trouble);
    }

    [Fact]
    public async Task Own_address_goes_before_the_one_that_the_others_use()
    {
        await using var redis = await ClosedRedis.StartAsync();
        var options = Options();
        options.RedisAddress = redis.Server.Endpoint;
        await using var links = new RedisLinks(options, TimeProvider.System);
        var elsewhere = new ClusterMember("a", $"127.0.0.1:{FreePort.Next()}", "http://none", MemberKind.Candidate);
        Assert.True((await links.Own(elsewhere).LookAsync(default)).IsReachable);
        Assert.False((await links.Of(elsewhere).LookAsync(default)).IsReachable);
    }

    private static FailoverOptions Options() =>
        new()
        {
            KeyPrefix = ClosedRedis.Prefix,
            Secret = "a-secret-of-this-test-alone",
            RedisUser = ClosedRedis.Start.AgentUser,
            RedisPassword = ClosedRedis.AgentPassword,
            ApplicationUser = ClosedRedis.Start.ApplicationUser,
        };
}
