using ClusterSession.Http.Cookies;
using ClusterSession.Stores.InMemory;
using ClusterSession.TestKit.Nodes;
using ClusterSession.TestKit.Servers;
using ClusterSession.TestKit.Stores;
using ClusterSession.Tests.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Xunit;

namespace ClusterSession.Tests.Http.SignIn;

/// <summary>
/// Another person has logged in: ends of the former one do not reach the new session, nor does the
/// former one's data; and ends by an old id reach a session that is still the same person's.
/// </summary>
public sealed class EndedPersonTests : SignInNodeTests
{
    [Fact]
    public async Task Session_Id_of_the_former_person_ends_nothing_of_the_next_one()
    {
        var node = await StartAsync(ServerKind.TestServer);
        var browser = await BeginAndLogInAsync("anna", node);
        var id = await browser.GetAsync("/id", node);
        await browser.GetAsync("/login/bob", node);
        await browser.GetAsync("/set/bobs/1", node);
        await node.Services.GetRequiredService<ISessionManager>().EndAsync(id);
        Assert.Equal("bobs", await browser.GetAsync("/keys", node));
    }

    [Fact]
    public async Task End_by_the_session_Id_of_the_former_person_says_that_it_had_ended()
    {
        var node = await StartAsync(ServerKind.TestServer);
        var browser = new LoginBrowser();
        await browser.GetAsync("/login-and-write/anna", node);
        var id = await browser.GetAsync("/id", node);
        await browser.GetAsync("/login-and-write/bob", node);
        Assert.False(await node.Services.GetRequiredService<ISessionManager>().EndAsync(id));
        Assert.Equal("after,before", await browser.GetAsync("/keys", node));
    }

    [Fact]
    public async Task Logout_of_the_former_person_that_was_held_ends_nothing_of_the_next_one()
    {
        var node = await StartAsync(ServerKind.TestServer, endpoints: endpoints =>
            endpoints.MapGet("/held-destroy", async (HttpContext context) =>
            {
                _ = context.Session.Keys;
                await Meeting.WaitAsync();
                await context.GetClusterSession().DestroyAsync();
            })
        );
        var browser = await BeginAndLogInAsync("anna", node);
        var ending = browser.Copy().GetAsync("/held-destroy", node);
        await Meeting.AreHereAsync(1);
        await browser.GetAsync("/login/bob", node);
        await browser.GetAsync("/set/bobs/1", node);
        Meeting.GoOn();
        await ending;
        Assert.Equal("bobs", await browser.GetAsync("/keys", node));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Planted_session_beside_the_id_from_before_the_login_does_not_take_its_place(bool isPlantedFirst)
    {
        var node = await StartAsync(ServerKind.Kestrel);
        var planter = new LoginBrowser();
        await planter.GetAsync("/set/evil/1", node);
        var browser = await BeginAsync(node);
        var former = browser.Cookies[SessionCookie];
        await browser.GetAsync("/login/anna", node);
        var planted = planter.Cookies[SessionCookie];
        var (first, second) = isPlantedFirst ? (planted, former) : (former, planted);
        using var client = node.CreateClient();
        using var request = new HttpRequestMessage(HttpMethod.Get, "/keys");
        request.Headers.TryAddWithoutValidation(
            "Cookie",
            string.Join(
                "; ",
                $"{SessionCookie}={first}",
                $"{SessionCookie}={second}",
                $"{LoginBrowser.LoginCookie}={browser.Login}"
            )
        );
        var response = await client.SendAsync(request);
        Assert.Equal("basket", await response.Content.ReadAsStringAsync());
    }

    [Fact]
    public async Task What_a_request_has_committed_before_its_sign_in_is_kept_for_the_next_person()
    {
        var node = await StartAsync(ServerKind.TestServer, endpoints: endpoints =>
            endpoints.MapGet("/commit-and-login/{name}", async (HttpContext context, string name) =>
            {
                context.Session.SetString("before", name);
                await context.Session.CommitAsync();
                await SignInAsync(context, name);
                context.Session.SetString("after", name);
            })
        );
        var browser = await BeginAndLogInAsync("anna", node);
        await browser.GetAsync("/commit-and-login/bob", node);
        Assert.Equal("after,before", await browser.GetAsync("/keys", node));
    }

    [Fact]
    public async Task Sign_in_of_another_person_where_the_session_is_only_read_shows_nothing_earlier()
    {
        var node = await StartAsync(ServerKind.Kestrel, endpoints: endpoints => endpoints
                .MapGet("/login-and-read/{name}", async (HttpContext context, string name) =>
                {
                    await SignInAsync(context, name);
                    return context.Session.GetString("basket") ?? "";
                })
                .WithSessionAccess(SessionConcurrency.ReadOnly));
        var browser = await BeginAndLogInAsync("anna", node);
        var id = IdOf(browser);
        Assert.Equal("", await browser.GetAsync("/login-and-read/bob", node));
        Assert.NotEqual(id, IdOf(browser));
        Assert.Equal("", await browser.GetAsync("/keys", node));
    }

    [Fact]
    public async Task Sign_in_of_another_person_in_a_response_that_streams_shows_nothing_earlier()
    {
        var node = await StartAsync(ServerKind.Kestrel, endpoints: endpoints =>
            endpoints.MapGet("/login-and-stream/{name}", async (HttpContext context, string name) =>
            {
                await SignInAsync(context, name);
                await context.Response.WriteAsync("[" + context.Session.GetString("basket"));
                await context.Response.Body.FlushAsync();
                context.Session.SetString("late", name);
                await context.Response.WriteAsync("]");
            })
        );
        var browser = await BeginAndLogInAsync("anna", node);
        Assert.Equal("[]", await browser.GetAsync("/login-and-stream/bob", node));
        Assert.Equal("late", await browser.GetAsync("/keys", node));
    }

    [Fact]
    public async Task Session_is_ended_by_its_Id_after_many_rotations()
    {
        var (a, b) = (await StartAsync(ServerKind.TestServer), await StartAsync(ServerKind.TestServer));
        var browser = await BeginAsync(a);
        var id = await browser.GetAsync("/id", a);
        for (var i = 0; i < 12; i++)
        {
            await browser.GetAsync("/rotate", i % 2 == 0 ? a : b);
        }

        Assert.Equal(id, await browser.GetAsync("/id", b));
        Assert.True(await b.Services.GetRequiredService<ISessionManager>().EndAsync(id));
        Assert.Equal("", await browser.GetAsync("/keys", a));
    }

    [Fact]
    public async Task End_of_all_sessions_during_a_rotation_ends_the_session_under_both_ids()
    {
        var gated = new GatedStore(new InMemorySessionStore(Sessions));
        var (a, b) = (await StartAsync(ServerKind.TestServer, store: gated), await StartAsync(ServerKind.TestServer));
        var browser = await BeginAndLogInAsync("anna", a);
        Assert.Equal("basket", await browser.GetAsync("/keys", a));
        var old = browser.Copy();
        gated.Holding = StoreOperations.Merge;
        var rotating = browser.GetAsync("/rotate", a);
        await Condition.HoldsAsync(() => gated.Held == 1, "the new id is stored and the old one not ended yet");
        await b.EndAllAsync("anna");
        gated.Open();
        await rotating;
        foreach (var node in new[] { a, b })
        {
            Assert.Equal("", await browser.Copy().GetAsync("/keys", node));
            Assert.Equal("", await old.Copy().GetAsync("/keys", node));
        }
    }
}
