using ClusterSession.Stores.InMemory;
using ClusterSession.TestKit.Nodes;
using ClusterSession.TestKit.Stores;
using ClusterSession.Tests.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.CookiePolicy;
using Microsoft.AspNetCore.Http;
using Xunit;

namespace ClusterSession.Tests.Http.SignIn;

/// <summary>A sign-in or a rotation that fails, or that another request was faster with.</summary>
public sealed class FailedSignInTests : SignInNodeTests
{
    [Theory]
    [InlineData(false, "anna", null)]
    [InlineData(true, "anna", null)]
    [InlineData(false, "bob", "anna")]
    [InlineData(true, "bob", "anna")]
    public async Task Sign_in_of_a_request_that_throws_leaves_session_and_login_as_they_were(
        bool hasErrorPage,
        string who,
        string? before
    )
    {
        var node = await StartAsync(
            ServerKind.Kestrel,
            before: app =>
            {
                if (hasErrorPage)
                {
                    app.UseExceptionHandler(error => error.Run(context => context.Response.WriteAsync("sorry")));
                }
            },
            endpoints: endpoints =>
                endpoints.MapGet("/failing-login/{name}", async (HttpContext context, string name) =>
                {
                    context.Session.SetString("user", name);
                    await SignInAsync(context, name);
                    throw new InvalidOperationException("The audit log is full.");
                })
        );
        var browser = before is null ? await BeginAsync(node) : await BeginAndLogInAsync(before, node);
        await browser.GetAsync("/set/iban/DE12", node);
        var (login, id) = (browser.Login, IdOf(browser));
        await browser.GetAsync($"/failing-login/{who}", node);
        Assert.Equal(500, (int)browser.LastStatus);
        Assert.Equal(login, browser.Login);
        Assert.Equal("basket,iban", await browser.GetAsync("/keys", node));
        Assert.Equal(id, IdOf(browser));
    }

    [Fact]
    public async Task Login_that_appeared_while_the_store_was_away_keeps_its_data_from_the_next_person()
    {
        var faulty = new FaultyStore(new InMemorySessionStore(Sessions));
        var node = await StartAsync(ServerKind.TestServer, store: faulty, authentication: services =>
            AddCookieAndRemote(services, Cookies)
        );
        var browser = await BeginAsync(node);
        await browser.GetAsync("/get/basket", node);
        await browser.GetAsync("/signin-remote?as=anna&issuer=x", node);
        faulty.Failing = StoreOperations.Sessions;
        await browser.GetAsync("/set/iban/DE12", node);
        Assert.Equal(200, (int)browser.LastStatus);
        faulty.Failing = StoreOperations.None;
        await HoldsInTimeAsync(() => node.Unsaved() == 0, "what was kept is sent");
        await browser.GetAsync("/signin-remote?as=bob&issuer=x", node);
        Assert.Equal("", await browser.GetAsync("/get/iban", node));
        Assert.Equal("", await browser.GetAsync("/keys", node));
    }

    [Theory]
    [InlineData("/held-rotate")]
    [InlineData("/held-login/anna")]
    public async Task Change_of_the_id_while_reads_fail_loses_nothing_that_another_node_has_committed(string path)
    {
        var faulty = new FaultyStore(new InMemorySessionStore(Sessions));
        var a = await StartAsync(ServerKind.TestServer, store: faulty, endpoints: endpoints =>
        {
            endpoints.MapGet("/held-rotate", async (HttpContext context) =>
            {
                await Meeting.WaitAsync();
                await context.GetClusterSession().RotateIdAsync();
            });
            endpoints.MapGet("/held-login/{name}", async (HttpContext context, string name) =>
            {
                await Meeting.WaitAsync();
                await SignInAsync(context, name);
            });
        });
        var b = await StartAsync(ServerKind.TestServer);
        var browser = await BeginAsync(a);
        var tab = browser.Copy();
        var running = browser.GetAsync(path, a);
        await Meeting.AreHereAsync(1);
        await tab.GetAsync("/set/theirs/1", b);
        Assert.Equal(200, (int)tab.LastStatus);
        faulty.Failing = StoreOperations.Read;
        Meeting.GoOn();
        await Time.DriveAsync(running);
        faulty.Failing = StoreOperations.None;
        await HoldsInTimeAsync(() => a.Unsaved() == 0, "what was kept is sent");
        Assert.Equal("basket,theirs", await browser.GetAsync("/keys", b));
    }

    [Fact]
    public async Task Of_two_rotations_at_once_both_keep_what_their_requests_have_set()
    {
        var node = await StartAsync(ServerKind.TestServer, endpoints: endpoints =>
            endpoints.MapGet("/rise/{key}", async (HttpContext context, string key) =>
            {
                context.Session.SetString(key, "1");
                await Meeting.WaitAsync();
                await context.GetClusterSession().RotateIdAsync();
                context.Session.SetString(key + "2", "1");
            })
        );
        var browser = await BeginAndLogInAsync("anna", node);
        var (first, second) = (browser.Copy(), browser.Copy());
        var running = new[] { first.GetAsync("/rise/x", node), second.GetAsync("/rise/y", node) };
        await Meeting.AreHereAsync(2);
        Meeting.GoOn();
        await Task.WhenAll(running);
        foreach (var tab in new[] { first, second })
        {
            Assert.Equal(200, (int)tab.LastStatus);
            Assert.NotEqual(IdOf(browser), IdOf(tab));
            Assert.Equal("basket,x,x2,y,y2", await tab.GetAsync("/keys", node));
        }
    }

    [Fact]
    public async Task Logout_whose_rotation_another_request_was_faster_with_ends_the_session_under_its_new_id()
    {
        var node = await StartAsync(ServerKind.TestServer, endpoints: endpoints =>
            endpoints.MapGet("/rotate-and-end", async (HttpContext context) =>
            {
                await Meeting.WaitAsync();
                await context.GetClusterSession().RotateIdAsync();
                await context.GetClusterSession().DestroyAsync();
            })
        );
        var browser = await BeginAndLogInAsync("anna", node);
        var tab = browser.Copy();
        var ending = tab.GetAsync("/rotate-and-end", node);
        await Meeting.AreHereAsync(1);
        await browser.GetAsync("/rotate", node);
        Meeting.GoOn();
        await ending;
        Assert.Equal(200, (int)tab.LastStatus);
        Assert.Equal("", await browser.GetAsync("/keys", node));
    }

    [Fact]
    public async Task Rotation_whose_cookie_may_not_be_sent_keeps_the_session_under_its_id()
    {
        var hasConsent = true;
        var node = await StartAsync(
            ServerKind.TestServer,
            options: options => options.Cookie.IsEssential = false,
            before: app => app.UseCookiePolicy(new CookiePolicyOptions { CheckConsentNeeded = _ => !hasConsent })
        );
        var browser = await BeginAsync(node);
        var id = IdOf(browser);
        hasConsent = false;
        await browser.GetAsync("/rotate", node);
        Assert.Equal("basket", await browser.GetAsync("/keys", node));
        Assert.Equal(id, IdOf(browser));
    }
}
