using System.Security.Cryptography;
using ClusterSession.Records;
using ClusterSession.TestKit.Nodes;
using ClusterSession.Tests.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Xunit;

namespace ClusterSession.Tests.Http;

/// <summary>
/// Requests that still bring the id from before a login: the browser's own that were under way, and
/// others'.
/// </summary>
public sealed class SuccessorTests : NodeTests
{
    private readonly Meeting _meeting = new();

    [Theory]
    [MemberData(nameof(ServerKinds.Real), MemberType = typeof(ServerKinds))]
    public async Task Requests_with_the_old_id_and_the_login_are_served_by_the_successor_and_learn_its_cookie(
        ServerKind kind
    )
    {
        var (a, b) = await StartAsync(kind);
        var browser = await BeginAsync(a);
        var tabs = Enumerable.Range(0, 8).Select(_ => browser.Copy()).ToArray();
        await browser.GetAsync("/login?as=anna");
        await Task.WhenAll(tabs.Select((tab, i) => tab.GetAsync("/get/basket?as=anna", i % 2 == 0 ? a : b)));
        foreach (var tab in tabs)
        {
            Assert.Equal("tea", await tab.Last!.Content.ReadAsStringAsync());
            Assert.Equal(browser.Id, tab.Id);
        }

        await tabs[0].GetAsync("/set/basket/cake?as=anna", b);
        Assert.Equal("cake", await browser.GetAsync("/get/basket?as=anna"));
    }

    [Theory]
    [InlineData("")]
    [InlineData("?as=mallory")]
    public async Task Old_id_without_the_login_opens_nothing_stores_nothing_and_sends_no_cookie(string login)
    {
        var (a, b) = await StartAsync();
        var browser = await BeginAsync(a);
        var planted = browser.Copy();
        await browser.GetAsync("/login?as=anna");
        var count = Sessions.Count;
        foreach (var node in new[] { a, b })
        {
            Assert.Equal("", await planted.GetAsync("/get/basket" + login, node));
            await planted.GetAsync("/set/basket/stolen" + login, node);
            Assert.False(planted.LastSetCookie, "it would take the place of the login's cookie at the browser");
            await planted.GetAsync("/destroy" + login, node);
            Assert.False(planted.LastSetCookie);
        }

        Assert.Equal(count, Sessions.Count);
        Assert.Equal("tea", await browser.GetAsync("/get/basket?as=anna", b));
    }

    [Fact]
    public async Task After_the_grace_the_old_id_is_as_dead_as_any()
    {
        var (a, b) = await StartAsync();
        var browser = await BeginAsync(a);
        var late = browser.Copy();
        await browser.GetAsync("/login?as=anna");
        Time.Advance(TimeSpan.FromSeconds(11));
        Assert.Equal("", await late.GetAsync("/get/basket?as=anna", b));
        Assert.Equal("", await late.GetAsync("/get/basket?as=anna"));
        await late.GetAsync("/set/basket/new?as=anna");
        Assert.True(late.LastSetCookie);
        Assert.Equal("new", await late.GetAsync("/get/basket?as=anna", b));
        Assert.Equal("tea", await browser.GetAsync("/get/basket?as=anna", b));
    }

    [Fact]
    public async Task Id_that_is_rotated_twice_within_the_grace_is_followed()
    {
        var (a, b) = await StartAsync();
        var browser = await BeginAsync(a);
        var late = browser.Copy();
        await browser.GetAsync("/login?as=anna");
        await browser.GetAsync("/rotate?as=anna", b);
        Assert.Equal("tea", await late.GetAsync("/get/basket?as=anna"));
        Assert.Equal(browser.Id, late.Id);
    }

    [Fact]
    public async Task Request_with_the_old_id_may_begin_a_session_of_its_own_by_a_login()
    {
        var (a, _) = await StartAsync();
        var browser = await BeginAsync(a);
        var other = browser.Copy();
        await browser.GetAsync("/login?as=anna");
        await other.GetAsync("/login?as=bob");
        Assert.Equal("who", await other.GetAsync("/keys?as=bob"));
        Assert.NotEqual(browser.Id, other.Id);
        Assert.Equal("basket,who", await browser.GetAsync("/keys?as=anna"));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task What_a_request_with_the_login_changed_before_the_rotation_goes_to_the_successor(bool isOnAnother)
    {
        var (a, b) = await StartAsync();
        var browser = await BeginAsync(a);
        await browser.GetAsync("/get/basket?as=anna");
        var slow = browser.Copy();
        var running = slow.GetAsync("/slow?as=anna", isOnAnother ? b : a);
        await _meeting.AreHereAsync(1);
        await browser.GetAsync("/rotate?as=anna");
        _meeting.GoOn();
        await running;
        Assert.Equal(200, (int)slow.LastStatus);
        Assert.Equal(browser.Id, slow.Id);
        Assert.Equal("basket,slow", await browser.GetAsync("/keys?as=anna", b));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task What_a_request_without_the_login_changed_before_the_rotation_is_refused_aloud(bool isOnAnother)
    {
        var (a, b) = await StartAsync();
        var browser = await BeginAsync(a);
        var slow = browser.Copy();
        var running = slow.GetAsync("/slow", isOnAnother ? b : a);
        await _meeting.AreHereAsync(1);
        await browser.GetAsync("/login?as=anna");
        _meeting.GoOn();
        await running;
        Assert.Equal(503, (int)slow.LastStatus);
        Assert.Equal("not-committed", Assert.Single(slow.Last!.Headers.GetValues("Session-Commit")));
        Assert.False(slow.LastSetCookie);
        Assert.Equal("basket,who", await browser.GetAsync("/keys?as=anna", b));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Request_that_changed_nothing_is_not_refused_for_a_principal_that_could_not_be_recorded(
        bool isOnAnother
    )
    {
        var (a, b) = (await StartAsync(Map, after: Login.ByQuery), await StartAsync(Map, after: Login.ByQuery));
        var browser = await BeginAsync(a);
        var slow = browser.Copy();
        var running = slow.GetAsync("/slow-read?as=anna", isOnAnother ? b : a);
        await _meeting.AreHereAsync(1);
        await browser.GetAsync("/rotate");
        _meeting.GoOn();
        await running;
        Assert.Equal(200, (int)slow.LastStatus);
        Assert.False(slow.LastSetCookie);
        Assert.Equal("tea", await browser.GetAsync("/get/basket"));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Logout_beside_a_rotation_ends_the_session_under_its_new_id_too(bool isOnAnother)
    {
        var (a, b) = await StartAsync();
        var browser = await BeginAsync(a);
        await browser.GetAsync("/get/basket?as=anna");
        var slow = browser.Copy();
        var running = slow.GetAsync("/slow-logout?as=anna", isOnAnother ? b : a);
        await _meeting.AreHereAsync(1);
        await browser.GetAsync("/rotate?as=anna");
        _meeting.GoOn();
        await running;
        Assert.Equal(200, (int)slow.LastStatus);
        Assert.Equal("", await browser.GetAsync("/get/basket?as=anna"));
        Assert.Equal("", await browser.GetAsync("/get/basket?as=anna", b));
    }

    [Fact]
    public void Seal_opens_with_the_old_id_alone()
    {
        using var random = RandomNumberGenerator.Create();
        var (old, other, id) = (SessionId.New(random), SessionId.New(random), SessionId.New(random));
        var sealedSuccessor = SuccessorSeal.Seal(old, id, SessionKey.Of(id));
        Assert.True(
            SessionSuccessor.TryParse(System.Text.Encoding.ASCII.GetBytes(sealedSuccessor.ToString()), out var stored)
        );
        Assert.True(SuccessorSeal.TryOpen(old, stored, out var opened));
        Assert.Equal(id, opened);
        Assert.False(SuccessorSeal.TryOpen(other, stored, out _));
        Assert.False(SuccessorSeal.TryOpen(old, stored with { Key = SessionKey.Of(other) }, out _));
        Assert.False(SuccessorSeal.TryOpen(old, stored with { Seal = null }, out _));
        Assert.False(SuccessorSeal.TryOpen(old, stored with { Seal = "no base64url, 24 letters" }, out _));
    }

    private async Task<(TestNode A, TestNode B)> StartAsync(ServerKind kind = ServerKind.TestServer) =>
        (
            await StartAsync(Map, before: Login.ByQuery, kind: kind),
            await StartAsync(Map, before: Login.ByQuery, kind: kind)
        );

    private static async Task<TestBrowser> BeginAsync(TestNode node)
    {
        var browser = node.Browser();
        await browser.GetAsync("/set/basket/tea");
        return browser;
    }

    private void Map(IEndpointRouteBuilder endpoints)
    {
        endpoints.MapGet("/login", async (HttpContext context) =>
        {
            await context.GetClusterSession().RotateIdAsync();
            context.Session.SetString("who", context.Request.Query["as"]!);
        });
        endpoints.MapGet("/slow-read", async (HttpContext context) =>
        {
            _ = context.Session.GetString("basket");
            await _meeting.WaitAsync();
        });
        endpoints.MapGet("/slow-logout", async (HttpContext context) =>
        {
            await _meeting.WaitAsync();
            await context.GetClusterSession().DestroyAsync();
        });
        endpoints.MapGet("/slow", async (HttpContext context) =>
        {
            context.Session.SetString("slow", "1");
            await _meeting.WaitAsync();
        });
    }
}
