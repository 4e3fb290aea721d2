using System.Security.Cryptography;
using ClusterSession.Http.Cookies;
using ClusterSession.KeyRing;
using ClusterSession.Records;
using ClusterSession.Stores.InMemory;
using ClusterSession.TestKit.Nodes;
using ClusterSession.TestKit.Stores;
using ClusterSession.Tests.Nodes;
using Microsoft.Extensions.DependencyInjection;
using Xunit;

namespace ClusterSession.Tests.Http;

/// <summary>
/// Requests that bring several cookies of the session's name, which a browser holds for different
/// Domains or Paths.
/// </summary>
public sealed class SeveralCookiesTests : NodeTests
{
    [Theory]
    [MemberData(nameof(ServerKinds.Real), MemberType = typeof(ServerKinds))]
    public async Task Destroyed_session_in_front_does_not_keep_the_living_one_from_being_found(ServerKind kind)
    {
        var node = await StartAsync(kind: kind);
        var (dead, alive) = (await BeginAsync(node, "dead"), await BeginAsync(node, "alive"));
        await dead.Copy().GetAsync("/destroy");
        Assert.Equal("alive", await GetAsync(node, "/get/who", dead, alive));
        Assert.Equal("alive", await GetAsync(node, "/get/who", alive, dead));
    }

    [Fact]
    public async Task Expired_session_in_front_does_not_keep_the_living_one_from_being_found()
    {
        var node = await StartAsync();
        var expired = await BeginAsync(node, "expired");
        Time.Advance(TimeSpan.FromHours(2));
        var alive = await BeginAsync(node, "alive");
        Assert.Equal("alive", await Time.DriveAsync(GetAsync(node, "/get/who", expired, alive)));
    }

    [Fact]
    public async Task New_login_behind_a_dead_cookie_is_a_login()
    {
        var node = await StartAsync();
        var dead = await BeginAsync(node, "dead");
        await dead.Copy().GetAsync("/destroy");
        var browser = node.Browser();
        browser.CookieHeader = $".ClusterSession={dead.Cookie}";
        await browser.GetAsync("/set/who/anna");
        browser.CookieHeader = $".ClusterSession={dead.Cookie}; .ClusterSession={browser.Cookie}";
        Assert.Equal("anna", await browser.GetAsync("/get/who"));
    }

    [Theory]
    [InlineData("/destroy")]
    [InlineData("")]
    public async Task Dead_session_does_not_hide_one_that_is_signed_by_a_key_this_node_has_yet_to_read(string end)
    {
        var node = await StartAsync(store: new DeafStore(new InMemorySessionStore(Sessions)));
        var dead = await BeginAsync(node, "dead");
        if (end.Length > 0)
        {
            await dead.Copy().GetAsync(end);
        }
        else
        {
            Time.Advance(TimeSpan.FromHours(2)); // Expired.
        }

        var other = await StartAsync();
        await other.Services.GetRequiredService<ISessionManager>().RotateKeysAsync(revoke: false);
        var alive = await BeginAsync(other, "alive");
        Time.Advance(TimeSpan.FromSeconds(1.1));
        Assert.Equal("alive", await Time.DriveAsync(GetAsync(node, "/get/who", dead, alive)));
    }

    [Fact]
    public async Task Rubbish_with_an_unknown_key_beside_a_dead_session_costs_one_read_of_the_ring_a_second()
    {
        var node = await StartAsync();
        var dead = await BeginAsync(node, "dead");
        await dead.Copy().GetAsync("/destroy");
        using var random = RandomNumberGenerator.Create();
        var planted = node.Browser();
        planted.Cookie = SessionCookie.Write(
            SessionId.New(random),
            new SessionVersion(1, 1),
            new CookieKey(0x100000, Time.GetUtcNow(), RandomNumberGenerator.GetBytes(32))
        );
        Time.Advance(TimeSpan.FromSeconds(1.1));
        Store.Reset();
        for (var i = 0; i < 50; i++)
        {
            Assert.Equal("", await GetAsync(node, "/get/who", dead, planted));
        }

        // The ring, and the dead session where it is not remembered.
        Assert.InRange(Store.Count(StoreOperations.All), 1, 2);
    }

    [Fact]
    public async Task Of_several_living_sessions_the_one_of_the_login_is_used_else_the_first()
    {
        var node = await StartAsync(before: Login.ByQuery);
        var (planted, own) = (
            await BeginAsync(node, "mallory", "?as=mallory"),
            await BeginAsync(node, "anna", "?as=anna")
        );
        Assert.Equal("anna", await GetAsync(node, "/get/who?as=anna", planted, own));
        Assert.Equal("mallory", await GetAsync(node, "/get/who", planted, own));
        Assert.Equal("anna", await GetAsync(node, "/get/who", own, planted));
    }

    [Fact]
    public async Task Of_one_id_the_newest_version_counts()
    {
        var node = await StartAsync();
        var browser = await BeginAsync(node, "anna");
        var older = browser.Copy();
        await browser.GetAsync("/set/more/1");
        var other = await StartAsync();
        Store.Reset();
        var request = node.Browser();
        request.CookieHeader = $".ClusterSession={older.Cookie}; .ClusterSession={browser.Cookie}";
        Assert.Equal("1", await request.GetAsync("/get/more"));
        Assert.False(request.LastSetCookie, "the request knows of all that it was shown");
        Assert.Equal("1", await request.GetAsync("/get/more", other));
    }

    [Fact]
    public async Task Number_of_sessions_that_one_request_can_ask_for_is_bounded()
    {
        var node = await StartAsync();
        var browsers = new List<TestBrowser>();
        for (var i = 0; i < 20; i++)
        {
            browsers.Add(await BeginAsync(node, $"b{i}"));
            await browsers[i].Copy().GetAsync("/destroy");
        }

        var fresh = await StartAsync(
            store: new ClusterSession.TestKit.Stores.CountingStore(
                new ClusterSession.Stores.InMemory.InMemorySessionStore(Sessions)
            )
                is var counting
                ? counting
                : null
        );
        counting.Reset();
        await GetAsync(fresh, "/get/who", [.. browsers]);
        Assert.InRange(counting.Count(ClusterSession.TestKit.Stores.StoreOperations.Read), 1, 8);
    }

    [Fact]
    public async Task Several_valid_cookies_are_logged_once_with_the_remedy()
    {
        var node = await StartAsync();
        var (one, two) = (await BeginAsync(node, "one"), await BeginAsync(node, "two"));
        await GetAsync(node, "/get/who", one, two);
        await GetAsync(node, "/get/who", two, one);
        Assert.Equal(1, Logs.Count("SeveralCookies"));
    }

    private static async Task<TestBrowser> BeginAsync(TestNode node, string who, string query = "")
    {
        var browser = node.Browser();
        await browser.GetAsync($"/set/who/{who}{query}");
        return browser;
    }

    private static Task<string> GetAsync(TestNode node, string path, params TestBrowser[] cookies)
    {
        var browser = node.Browser();
        browser.CookieHeader = string.Join("; ", cookies.Select(cookie => $".ClusterSession={cookie.Cookie}"));
        return browser.GetAsync(path);
    }
}
