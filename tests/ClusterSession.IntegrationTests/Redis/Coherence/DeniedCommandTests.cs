using ClusterSession.Redis;
using ClusterSession.TestKit.Logging;
using ClusterSession.TestKit.Nodes;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Xunit;

namespace ClusterSession.IntegrationTests.Redis.Coherence;

/// <summary>
/// A user, or a service, that refuses one of the commands that a node can do without.
/// </summary>
public sealed class DeniedCommandTests
{
    [Theory]
    [InlineData("-client|tracking", "Untracked", "CLIENT TRACKING")]
    [InlineData("-info", "CommandRefused", "INFO")]
    [InlineData("-role", "CommandRefused", "ROLE")]
    [InlineData("-config|get", "CommandRefused", "CONFIG GET")]
    [InlineData("-get", "CommandRefused", "GET")]
    [InlineData("-set", "CommandRefused", "SET")]
    [InlineData("-ping", null, null)]
    [InlineData("-select", null, null)]
    [InlineData("-client|setname", null, null)]
    [InlineData("-client|id", null, null)]
    [InlineData("-wait", null, null)]
    [InlineData("-script", null, null)]
    [InlineData("-publish", "NodesCannotBeAsked", "SECURITY.md")]
    [InlineData("-subscribe", "NodesCannotBeAsked", "SECURITY.md")]
    [InlineData("resetchannels", "NodesCannotBeAsked", "SECURITY.md")]
    public async Task Command_or_channel_that_is_denied_is_gone_without_and_named_once(
        string rule,
        string? eventName,
        string? what
    )
    {
        await using var redis = await RedisServer.StartAsync();
        Assert.Equal(
            "OK",
            await redis.CommandAsync("ACL", "SETUSER", "sessions", "on", ">p", "~*", "&*", "+@all", rule)
        );
        using var logs = new CapturedLogs();
        using var factory = new LoggerFactory([logs]);
        await using var a = await StartAsync(redis, factory);
        await using var b = await StartAsync(redis, factory);
        var browser = a.Browser();
        for (var i = 0; i < 10; i++)
        {
            Assert.Equal($"{i}", await browser.GetOnceFoundAsync($"/set/n/{i}", i % 2 == 0 ? a : b));
            await redis.CommandAsync("CLIENT", "KILL", "USER", "sessions");
            Assert.Equal($"{i}", await browser.GetOnceFoundAsync("/get/n", i % 2 == 0 ? b : a));
        }

        var former = browser.Copy();
        await browser.GetOnceFoundAsync("/destroy", a);
        await Condition.HoldsAsync(
            async () => await former.Copy().GetOnceFoundAsync("/get/n", b) == "",
            "the end is seen"
        );
        if (eventName is not null)
        {
            await Condition.HoldsAsync(() => Said() >= 2, $"{what} is logged once by each node");
        }

        // Of the channel each node says it again after ten seconds.
        Assert.Equal(
            eventName is "CommandRefused" or "Untracked" ? 2 : 0,
            logs.Count("CommandRefused") + logs.Count("Untracked")
        );

        int Said() =>
            logs.All.Count(log => log.Event.Name == eventName && log.Text.Contains(what!, StringComparison.Ordinal));
    }

    /// <summary>Redis before 7.2 does not say which command a script could not run.</summary>
    [Theory]
    [InlineData("exists")]
    [InlineData("hset")]
    [InlineData("evalsha")]
    public async Task Command_that_no_write_can_do_without_is_logged_as_forbidden_and_nothing_is_acknowledged(
        string denied
    )
    {
        await using var redis = await RedisServer.StartAsync();
        await redis.CommandAsync("ACL", "SETUSER", "sessions", "on", ">p", "~*", "&*", "+@all", $"-{denied}");
        using var logs = new CapturedLogs();
        using var factory = new LoggerFactory([logs]);
        await using var node = await StartAsync(redis, factory);
        var browser = node.Browser();
        await Condition.HoldsAsync(
            async () =>
            {
                await browser.GetAsync("/set/n/1");
                Assert.Equal((503, false), ((int)browser.LastStatus, browser.LastSetCookie));
                return logs.All.Any(log =>
                    log.Event.Name == "Refused" && log.Text.Contains("(NoPerm)", StringComparison.Ordinal)
                );
            },
            "the log says that it is forbidden"
        );
    }

    [Fact]
    public async Task Evictions_are_warned_of_whenever_there_are_more()
    {
        await using var redis = await RedisServer.StartAsync(
            new RedisServerOptions { Config = ["maxmemory 100mb", "maxmemory-policy allkeys-lru"] }
        );
        using var logs = new CapturedLogs();
        using var factory = new LoggerFactory([logs]);
        await using var store = Store($"{redis.ConnectionString},heartbeatInterval=10", factory);
        await store.StartAsync(new TestKit.Conformance.RecordingObserver(), default);
        await Condition.HoldsAsync(
            async () =>
                (await redis.CommandAsync("INFO", "commandstats")).Contains(
                    "cmdstat_config|get",
                    StringComparison.Ordinal
                ),
            "the server has been asked for its settings, and before that for its evictions"
        );
        Assert.Equal(0, logs.Count("Evicted"));
        for (var warnings = 1; warnings <= 2; warnings++)
        {
            for (var i = 0; i < 200; i++)
            {
                await redis.CommandAsync("SET", $"other:{i}", "x");
            }

            // Whatever is there goes, until the write that asks for room is refused.
            await redis.CommandAsync("CONFIG", "SET", "maxmemory", "1");
            await Condition.HoldsAsync(
                async () =>
                {
                    await redis.CommandAsync("SET", "one", "more");
                    return await redis.CommandAsync("DBSIZE") == "0";
                },
                "all keys are evicted"
            );
            await redis.CommandAsync("CONFIG", "SET", "maxmemory", "100mb");
            var expected = warnings;
            await Condition.HoldsAsync(() => logs.Count("Evicted") >= expected, "the eviction is logged");
        }
    }

    private static RedisSessionStore Store(string connectionString, ILoggerFactory logs) =>
        new(
            RedisOptions.Parse(connectionString),
            "cs",
            TimeSpan.FromSeconds(1),
            TimeProvider.System,
            new Random(7),
            logs.CreateLogger<RedisSessionStore>()
        );

    private static Task<TestNode> StartAsync(RedisServer redis, ILoggerFactory logs) =>
        TestNode.StartAsync(Store($"{redis.Endpoint},user=sessions,password=p", logs), services: services =>
            services.AddSingleton(logs)
        );
}
