using System.Diagnostics;
using System.Globalization;
using ClusterSession.Http.Cookies;
using ClusterSession.KeyRing;
using ClusterSession.Records;
using ClusterSession.Stores;
using ClusterSession.TestKit.Metrics;
using ClusterSession.TestKit.Nodes;
using Microsoft.Extensions.DependencyInjection;
using Xunit;

namespace ClusterSession.IntegrationTests.Redis;

/// <summary>
/// Sessions that Redis has lost, at a node that has no copy of them, while another one has.
/// </summary>
public sealed class LostSessionTests(ITestOutputHelper output) : IAsyncLifetime
{
    private RedisServer _redis = null!;

    public async ValueTask InitializeAsync() => _redis = await RedisServer.StartAsync();

    public ValueTask DisposeAsync() => _redis.DisposeAsync();

    [Fact]
    public async Task Sessions_deleted_by_hand_are_no_logout_at_a_node_that_has_no_copy()
    {
        await using var a = await RedisNode.StartAsync(_redis);
        await using var b = await RedisNode.StartAsync(_redis);
        var browsers = await BeginAsync(a, 400);
        foreach (var key in await KeysAsync())
        {
            await _redis.CommandAsync("DEL", key);
        }

        Assert.Equal(0, await LoggedOutAsync(browsers, b));
    }

    [Fact]
    public async Task Cookie_is_kept_at_a_node_without_a_copy_while_another_refills_an_emptied_store()
    {
        await using var a = await RedisNode.StartAsync(_redis, options => options.Outage.ReplayPerSecond = 1);
        await using var b = await RedisNode.StartAsync(_redis);
        var browsers = await BeginAsync(a, 300);
        await _redis.CommandAsync("FLUSHALL");
        Assert.Equal(0, await LoggedOutAsync([.. browsers.Reverse()], b));
    }

    [Fact]
    public async Task Snapshot_older_than_the_replay_window_flags_nothing_that_a_node_holds()
    {
        await using var a = await RedisNode.StartAsync(_redis, options =>
            options.Outage.ReplayWindow = TimeSpan.FromSeconds(1)
        );
        await using var b = await RedisNode.StartAsync(_redis);
        var browsers = await BeginAsync(a, 50);
        await _redis.CommandAsync("SAVE");
        for (var i = 0; i < browsers.Length; i++)
        {
            await browsers[i].GetAsync($"/set/n/{i + 1000}", a);
        }

        var other = a.Browser();
        var written = Stopwatch.GetTimestamp();
        await Condition.HoldsAsync(
            async () =>
            {
                await other.GetAsync("/set/n/1", a); // So that earlier commits are forgotten.
                return Stopwatch.GetElapsedTime(written) > TimeSpan.FromSeconds(2);
            },
            "the replay window is over"
        );
        await _redis.Kill9Async();
        await _redis.StartAgainAsync();

        for (var i = 0; i < browsers.Length; i++)
        {
            Assert.Equal("False", await browsers[i].GetOnceFoundAsync("/regressed", b));
            Assert.Equal($"{i + 1000}", await browsers[i].GetAsync("/get/n", b));
        }
    }

    [Fact]
    public async Task Session_that_expired_while_Redis_was_away_is_served_by_nobody_when_it_comes_back_empty()
    {
        var idle = TimeSpan.FromSeconds(10);
        await using var a = await RedisNode.StartAsync(_redis, options => options.IdleTimeout = idle);
        await using var b = await RedisNode.StartAsync(_redis, options => options.IdleTimeout = idle);
        var browser = a.Browser();
        await browser.GetAsync("/set/color/red", a);
        Assert.Equal("red", await browser.GetAsync("/get/color", b));
        var used = Stopwatch.GetTimestamp();
        await _redis.Kill9Async();
        await Condition.HoldsAsync(
            () => Stopwatch.GetElapsedTime(used) > idle * 1.3,
            "the idle time is over",
            TimeSpan.FromMinutes(1)
        );
        await _redis.StartAgainAsync();
        foreach (var node in new[] { b, a, b })
        {
            Assert.Equal("", await browser.Copy().GetOnceFoundAsync("/get/color", node));
        }
    }

    [Fact]
    public async Task Flood_of_expired_cookies_costs_the_others_no_command_and_a_bounded_number_of_frames()
    {
        const int Cookies = 1_000;
        await using var a = await RedisNode.StartAsync(_redis);
        await using var b = await RedisNode.StartAsync(_redis);
        var client = (await BeginAsync(a, 1))[0];
        await client.GetAsync("/get/n", b);
        using var asks = new CounterReading(b.Services, "clustersession.asks");
        var cookies = Enumerable.Range(0, Cookies).Select(_ => ExpiredCookie(b)).ToArray();
        var before = await RedisCommands.CountAsync(_redis);
        var published = await PublishedAsync();
        var begun = Stopwatch.GetTimestamp();
        await Parallel.ForEachAsync(cookies, async (cookie, _) =>
            await new TestBrowser(b) { Cookie = cookie }.GetAsync("/get/n")
        );
        var seconds = Stopwatch.GetElapsedTime(begun).TotalSeconds;
        var frames = await PublishedAsync() - published;
        var commands = (await RedisCommands.CountAsync(_redis) - before).Total;
        output.WriteLine(
            $"{Cookies} cookies in {seconds:0.00} s: {asks.Value} asks, {frames} frames, {commands} commands"
        );

        Assert.InRange(asks.Value, Cookies / 255, Math.Ceiling((seconds + 1) * 20 * 3)); // One may be sent three times.
        Assert.InRange(frames, asks.Value, (2 * asks.Value) + Math.Ceiling((seconds + 2) * 2));
        Assert.InRange(commands, Cookies, (2 * Cookies) + 10); // Read, asked for, read again.

        before = await RedisCommands.CountAsync(_redis);
        Assert.Equal("0", await client.GetAsync("/get/n", a));
        Assert.Equal("0", await client.GetAsync("/get/n", b));
        Assert.InRange((await RedisCommands.CountAsync(_redis) - before).Total, 0, 1); // A touch may be due.
    }

    private static async Task<TestBrowser[]> BeginAsync(TestNode node, int count)
    {
        var browsers = Enumerable.Range(0, count).Select(_ => node.Browser()).ToArray();
        for (var i = 0; i < count; i++)
        {
            Assert.Equal($"{i}", await browsers[i].GetAsync($"/set/n/{i}"));
        }

        return browsers;
    }

    private static async Task<int> LoggedOutAsync(TestBrowser[] browsers, TestNode at)
    {
        var loggedOut = 0;
        foreach (var browser in browsers)
        {
            var cookie = browser.Cookie;
            var isThere = (await browser.GetOnceFoundAsync("/get/n", at)).Length > 0 && browser.Cookie == cookie;
            loggedOut += isThere && await browser.GetAsync("/regressed", at) == "False" ? 0 : 1;
        }

        return loggedOut;
    }

    private static string ExpiredCookie(TestNode node)
    {
        var seen =
            (DateTimeOffset.UtcNow - TimeSpan.FromDays(1) - DateTimeOffset.UnixEpoch).Ticks
            / TimeSpan.TicksPerMicrosecond;
        return SessionCookie.Write(
            SessionId.New(System.Security.Cryptography.RandomNumberGenerator.Create()),
            new SessionVersion(seen, 1),
            node.Services.GetRequiredService<KeyRingSource>().Signing
        );
    }

    private async Task<IEnumerable<string>> KeysAsync() =>
        (await _redis.CommandAsync("KEYS", "cs:1:{*")).Split('\n', StringSplitOptions.RemoveEmptyEntries);

    private async Task<long> PublishedAsync()
    {
        var stats = await _redis.CommandAsync("INFO", "commandstats");
        const string Name = "cmdstat_publish:calls=";
        var at = stats.IndexOf(Name, StringComparison.Ordinal) + Name.Length;
        return at < Name.Length
            ? 0
            : long.Parse(stats.AsSpan(at, stats.IndexOf(',', at) - at), CultureInfo.InvariantCulture);
    }
}
