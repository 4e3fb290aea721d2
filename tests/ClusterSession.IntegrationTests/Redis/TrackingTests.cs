using System.Globalization;
using ClusterSession.Records;
using ClusterSession.Redis;
using ClusterSession.Stores;
using ClusterSession.TestKit.Conformance;
using ClusterSession.TestKit.Nodes;
using ClusterSession.TestKit.Sessions;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

namespace ClusterSession.IntegrationTests.Redis;

/// <summary>
/// A server that stops tracking a session because of what this node itself has asked: it evicts the
/// session, or has no more room in the table of what is tracked.
/// </summary>
public sealed class TrackingTests
{
    private static readonly TimeSpan Life = TimeSpan.FromHours(1);
    private readonly VersionSource _versions = new();

    [Theory]
    [InlineData("volatile-lru")]
    [InlineData("allkeys-lru")]
    public async Task Sessions_that_the_node_itself_makes_the_server_evict_are_served_stale_nowhere(string policy)
    {
        await using var redis = await RedisServer.StartAsync();
        await using var a = await RedisNode.StartAsync(redis, endpoints: static endpoints =>
            endpoints.MapGet("/fill", static (HttpContext context) => context.Session.Set("large", new byte[100_000]))
        );
        await using var b = await RedisNode.StartAsync(redis);
        var browsers = await StaleSessions.OpenAsync(a, b);
        var used = long.Parse(await redis.InfoAsync("memory", "used_memory"), CultureInfo.InvariantCulture);
        await redis.CommandAsync(
            "CONFIG",
            "SET",
            "maxmemory",
            $"{used + 3_000_000}",
            "maxmemory-policy",
            policy,
            "maxmemory-samples",
            "64"
        );
        await Condition.HoldsAsync(
            async () =>
            {
                await a.Browser().GetAsync("/fill");
                return !await AnyIsThereAsync(redis, browsers);
            },
            "what the node has written has pushed out all sessions"
        );
        await redis.CommandAsync("CONFIG", "SET", "maxmemory", "0");

        await StaleSessions.AssertNoneIsServedAsync(browsers, a, b);
    }

    [Fact]
    public async Task Sessions_that_the_server_no_longer_tracks_are_served_stale_nowhere()
    {
        await using var redis = await RedisServer.StartAsync();
        await using var a = await RedisNode.StartAsync(redis);
        await using var b = await RedisNode.StartAsync(redis);
        await redis.CommandAsync("CONFIG", "SET", "tracking-table-max-keys", "10");
        await StaleSessions.AssertNoneIsServedAsync(await StaleSessions.OpenAsync(a, b), a, b);
    }

    [Fact]
    public async Task Own_writes_announce_nothing_and_all_of_others_do_whatever_their_order()
    {
        await using var redis = await RedisServer.StartAsync();
        await using var a = RedisNode.Store(redis.ConnectionString);
        await using var b = RedisNode.Store(redis.ConnectionString);
        var told = new RecordingObserver();
        await a.StartAsync(told, default);
        await b.StartAsync(new RecordingObserver(), default);
        var (key, version) = await CreateAsync(a);
        var random = new Random(20_261_127);
        var (own, others) = (0, 0);
        for (var round = 0; round < 400; round++)
        {
            var next = _versions.Next();
            if (random.Next(2) == 0)
            {
                // What is sent at once is answered in order, each with its echo behind it.
                var middle = next;
                next = _versions.Next();
                var first = a.CommitAsync(key, Change(version, middle, random), default).AsTask();
                var touch = a.TouchAsync(key, Life * (2 + round), Life * (2 + round), default).AsTask();
                var second = a.CommitAsync(key, Change(middle, next, random), default).AsTask();
                await Task.WhenAll(first, touch, second);
                Assert.Equal(WriteOutcome.Committed, (await second).Outcome);
                await a.ReadAsync(key, next, default); // Whatever was pushed came before this answer.
                Assert.False(told.WasTold(key), $"round {round}");
                own++;
            }
            else
            {
                var other = await b.CommitAsync(key, Change(version, next, random), default);
                Assert.Equal(WriteOutcome.Committed, other.Outcome);
                await Condition.HoldsAsync(() => told.WasTold(key), "the other node is notified");
                told.Forget(key);
                await a.ReadAsync(key, next, default);
                Assert.False(told.WasTold(key), $"round {round}");
                others++;
            }

            version = next;
        }

        Assert.True(own > 100 && others > 100);
    }

    [Fact]
    public async Task Commit_whose_caller_gave_up_is_announced_once_it_is_answered()
    {
        await using var redis = await RedisServer.StartAsync();
        await using var a = RedisNode.Store(redis.ConnectionString);
        var told = new RecordingObserver();
        await a.StartAsync(told, default);
        var (key, version) = await CreateAsync(a);
        await redis.CommandAsync("CLIENT", "PAUSE", "60000", "WRITE");
        var soon = new StoreDeadline(TimeProvider.System, TimeSpan.FromMilliseconds(20));
        var given = await a.CommitAsync(key, Change(version, _versions.Next(), new Random(1)), soon);
        Assert.Equal(WriteOutcome.Unavailable, given.Outcome);
        Assert.False(told.WasTold(key));
        await redis.CommandAsync("CLIENT", "UNPAUSE");
        await Condition.HoldsAsync(() => told.WasTold(key), "the late commit is announced");
    }

    [Fact]
    public async Task Commit_that_the_connection_gave_up_is_announced_once_it_happens()
    {
        await using var redis = await RedisServer.StartAsync();
        await using var patient = Store(RedisOptions.Parse(redis.ConnectionString));
        await patient.StartAsync(new RecordingObserver(), default);
        var (key, version) = await CreateAsync(patient);
        var next = _versions.Next();
        await patient.CommitAsync(key, Change(version, next, new Random(1)), default); // The server knows the script.

        var options = RedisOptions.Parse(redis.ConnectionString);
        options.CommandTimeout = TimeSpan.FromMilliseconds(50);
        options.HeartbeatTimeout = TimeSpan.FromMinutes(1);
        await using var a = Store(options);
        var told = new RecordingObserver();
        await a.StartAsync(told, default);
        await redis.CommandAsync("CLIENT", "PAUSE", "60000", "WRITE");
        var given = await a.CommitAsync(key, Change(next, _versions.Next(), new Random(1)), default);
        Assert.Equal(WriteOutcome.Unavailable, given.Outcome);
        await redis.CommandAsync("CLIENT", "UNPAUSE");
        await Condition.HoldsAsync(() => told.WasTold(key), "the late commit is announced");
    }

    private static RedisSessionStore Store(RedisOptions options) =>
        new(
            options,
            "cs",
            TimeSpan.FromMinutes(5),
            TimeProvider.System,
            new Random(7),
            NullLogger<RedisSessionStore>.Instance
        );

    private static SessionChange Change(SessionVersion @base, SessionVersion version, Random random)
    {
        var delta = new SessionDelta();
        delta.Set("a", BitConverter.GetBytes(random.Next()));
        return new SessionChange(@base, version, delta, [], Life, random.Next(2) == 0 ? Life / 2 : Life);
    }

    private async Task<(SessionKey Key, SessionVersion Version)> CreateAsync(RedisSessionStore store)
    {
        var (key, version) = (SessionKeys.New(), _versions.Next());
        var record = RecordSketch.At(version).With("a", "1", version).Build();
        var created = await store.MergeAsync(key, new SessionMerge(record, version, MergeMode.Create, Life), default);
        Assert.Equal(WriteOutcome.Committed, created.Outcome);
        return (key, version);
    }

    private static async Task<bool> AnyIsThereAsync(RedisServer redis, List<TestBrowser> browsers)
    {
        var keys = browsers.Select(static browser =>
            SessionId.TryParse(browser.Id!, out var id) ? $"cs:1:{{{SessionKey.Of(id)}}}" : ""
        );
        return await redis.CommandAsync(["EXISTS", .. keys]) != "0";
    }
}
