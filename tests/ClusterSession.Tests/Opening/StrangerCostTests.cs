using System.Globalization;
using System.Security.Cryptography;
using System.Text.RegularExpressions;
using ClusterSession.Http.Cookies;
using ClusterSession.KeyRing;
using ClusterSession.Local;
using ClusterSession.Records;
using ClusterSession.Stores.InMemory;
using ClusterSession.TestKit.Metrics;
using ClusterSession.TestKit.Nodes;
using ClusterSession.TestKit.Stores;
using ClusterSession.Tests.Nodes;
using Microsoft.Extensions.DependencyInjection;
using Xunit;

namespace ClusterSession.Tests.Opening;

/// <summary>
/// What a client without a session, or with one that is over, can make a node do.
/// </summary>
public sealed class StrangerCostTests : NodeTests
{
    private const int Flood = 200;

    [Fact]
    public async Task Cookie_with_a_wrong_MAC_costs_no_command()
    {
        var node = await StartAsync();
        var browser = node.Browser();
        await browser.GetAsync("/set/color/red");
        var cookie = browser.Cookie!;
        Store.Reset();
        for (var i = 0; i < Flood; i++)
        {
            browser.Cookie = Changed(cookie, 60 + (i % 8)); // In the MAC.
            Assert.Equal("New", await browser.GetAsync("/source"));
        }

        Assert.Equal(0, Store.Count(StoreOperations.All));
    }

    [Fact]
    public async Task Flood_of_refused_cookies_is_one_line_in_ten_seconds_with_their_number()
    {
        var node = await StartAsync();
        using var refused = new CounterReading(node.Services, "clustersession.cookies.refused");
        var browser = node.Browser();
        browser.Cookie = "rubbish";
        await FloodAsync(browser);
        Assert.Equal([1L], Counts("CookieRefused"));
        Assert.DoesNotContain(Logs.All, log => log.Text.Contains("Happened", StringComparison.Ordinal));
        Time.Advance(TimeSpan.FromSeconds(11));
        browser.Cookie = "rubbish";
        await browser.GetAsync("/source");
        Assert.Equal([1L, Flood], Counts("CookieRefused"));
        Assert.Equal(Flood + 1, refused.Value);
    }

    [Fact]
    public async Task Cookies_of_unknown_keys_cost_one_read_a_second_and_leave_the_memory_of_cookies()
    {
        var node = await StartAsync();
        var known = node.Browser();
        await known.GetAsync("/set/color/red");
        var ring = node.Services.GetRequiredService<KeyRingSource>();
        var before = ring.Current;
        var stranger = node.Browser();
        for (var second = 0; second < 3; second++)
        {
            Time.Advance(TimeSpan.FromSeconds(1.1));
            Store.Reset();
            for (var i = 0; i < Flood; i++)
            {
                stranger.Cookie = SessionCookie.Write(
                    SessionId.New(RandomNumberGenerator.Create()),
                    new SessionVersion(1, 1),
                    new CookieKey(0x100000 + i, Time.GetUtcNow(), RandomNumberGenerator.GetBytes(32))
                );
                Assert.Equal("New", await stranger.GetAsync("/source"));
            }

            Assert.Equal(1, Store.Count(StoreOperations.All));
            Assert.Same(before, ring.Current); // The memory of cookies belongs to a ring.
        }

        Assert.Equal("red", await known.GetAsync("/get/color"));
    }

    [Fact]
    public async Task Cookie_of_a_destroyed_session_costs_a_node_one_command_and_none_where_the_end_is_known()
    {
        var (a, b) = (await StartAsync(), await StartAsync(store: new InMemorySessionStore(Sessions)));
        var thief = a.Browser();
        await thief.GetAsync("/set/color/red", b);
        await thief.Copy().GetAsync("/destroy", b);
        Store.Reset();
        await FloodAsync(thief);
        Assert.InRange(Store.Count(StoreOperations.Sessions), 0, 1);
        await HoldsInTimeAsync(() => a.Services.GetRequiredService<KnownEnds>().Count == 1, "it has heard of the end");
        Time.Advance(TimeSpan.FromSeconds(61));
        Store.Reset();
        await FloodAsync(thief);
        Assert.Equal(0, Store.Count(StoreOperations.Sessions));
    }

    [Fact]
    public async Task Cookie_of_a_missing_session_costs_one_command_a_minute_and_none_is_missed_that_comes_back()
    {
        var (a, b) = (await StartAsync(), await StartAsync());
        var browser = a.Browser();
        await browser.GetAsync("/set/color/red", b);
        var copy = await RecordAsync(browser);
        await StopAsync(b); // Which would restore it, and is expected to answer for some seconds.
        Time.Advance(TimeSpan.FromSeconds(11));
        Sessions.Forget(KeyOf(browser));
        for (var minute = 0; minute < 3; minute++)
        {
            await Time.DriveAsync(browser.Copy().GetAsync("/get/color", a)); // It is waited for, once.
            Store.Reset();
            await FloodAsync(browser.Copy(), "/get/color");
            Assert.Equal(0, Store.Count(StoreOperations.All));
            Time.Advance(TimeSpan.FromSeconds(61));
        }

        Store.Reset();
        await Time.DriveAsync(browser.Copy().GetAsync("/get/color", a));
        Assert.InRange(Store.Count(StoreOperations.All), 1, int.MaxValue);
        await FloodAsync(browser.Copy(), "/get/color");
        await new InMemorySessionStore(Sessions).MergeAsync(
            KeyOf(browser),
            new SessionMerge(copy, copy.Version, MergeMode.Restore, TimeSpan.FromHours(1)),
            default
        );
        Assert.Equal("red", await browser.Copy().GetAsync("/get/color", a));
    }

    [Fact]
    public async Task Missing_session_is_looked_for_again_after_the_connection_or_the_store_was_replaced()
    {
        var store = new ReplaceableStore(new InMemorySessionStore(Sessions));
        var (a, b) = (await StartAsync(store: store), await StartAsync());
        var browser = a.Browser();
        await browser.GetAsync("/set/color/red", b);
        var empty = new InMemorySessions(Time);
        store.Replace(new InMemorySessionStore(empty));
        Assert.Equal("", await Time.DriveAsync(browser.Copy().GetAsync("/get/color", a)));
        Assert.Equal("", await browser.Copy().GetAsync("/get/color", a));
        store.Replace(new InMemorySessionStore(Sessions));
        Assert.Equal("red", await browser.Copy().GetAsync("/get/color", a));
    }

    [Fact]
    public async Task Session_past_its_absolute_end_costs_one_command_a_minute()
    {
        var node = await StartAsync(options: options =>
        {
            options.AbsoluteTimeout = TimeSpan.FromMinutes(30);
            options.IdleTimeout = TimeSpan.FromMinutes(25);
            options.LocalCopies.MaxCount = 0;
        });
        var browser = node.Browser();
        await browser.GetAsync("/set/color/red");
        Time.Advance(TimeSpan.FromMinutes(20));
        await browser.GetAsync("/get/color");
        Time.Advance(TimeSpan.FromMinutes(11));
        Store.Reset();
        await FloodAsync(browser.Copy(), "/get/color");
        Assert.InRange(Store.Count(StoreOperations.Sessions), 0, 2);
    }

    private static SessionKey KeyOf(TestBrowser browser)
    {
        Assert.True(SessionId.TryParse(browser.Id!, out var id));
        return SessionKey.Of(id);
    }

    private async Task<SessionRecord> RecordAsync(TestBrowser browser) =>
        (await new InMemorySessionStore(Sessions).ReadAsync(KeyOf(browser), SessionVersion.None, default)).Record!;

    private static async Task FloodAsync(TestBrowser browser, string path = "/source")
    {
        var cookie = browser.Cookie;
        for (var i = 0; i < Flood; i++)
        {
            browser.Cookie = cookie;
            await browser.GetAsync(path);
        }
    }

    private static string Changed(string cookie, int at) =>
        $"{cookie[..at]}{(cookie[at] == 'A' ? 'B' : 'A')}{cookie[(at + 1)..]}";

    /// <summary>How often it happened, by each line; of one time a line says nothing.</summary>
    private IEnumerable<long> Counts(string name) =>
        Logs
            .All.Where(log => log.Event.Name == name)
            .Select(log =>
                Regex.Match(log.Text, "Happened (?<count>[0-9]+) times") is { Success: true } match
                    ? long.Parse(match.Groups["count"].Value, CultureInfo.InvariantCulture)
                    : 1
            );
}
