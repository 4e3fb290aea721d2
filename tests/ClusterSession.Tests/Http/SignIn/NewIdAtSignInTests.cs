using ClusterSession.Http.Cookies;
using ClusterSession.TestKit.Nodes;
using ClusterSession.TestKit.Stores;
using ClusterSession.Tests.Nodes;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.DependencyInjection;
using Xunit;

namespace ClusterSession.Tests.Http.SignIn;

/// <summary>A sign-in is an event: the same answer brings another id.</summary>
public sealed class NewIdAtSignInTests : SignInNodeTests
{
    public static TheoryData<ServerKind, AuthenticationOrder> Ways =>
        new()
        {
            { ServerKind.TestServer, AuthenticationOrder.Before },
            { ServerKind.TestServer, AuthenticationOrder.After },
            { ServerKind.Kestrel, AuthenticationOrder.Before },
            { ServerKind.Kestrel, AuthenticationOrder.After },
            { ServerKind.LikeIis, AuthenticationOrder.Before },
            { ServerKind.LikeHttpSys, AuthenticationOrder.Before },
        };

    [Theory]
    [MemberData(nameof(Ways))]
    public async Task Sign_in_gives_the_session_another_id_in_the_same_answer_and_keeps_what_it_had(
        ServerKind kind,
        AuthenticationOrder order
    )
    {
        var (a, b) = (await StartAsync(kind, order), await StartAsync(kind, order));
        var browser = await BeginAsync(a);
        var planted = browser.Copy();
        await browser.GetAsync("/login-and-write/anna", a);
        Assert.NotEqual(IdOf(planted), IdOf(browser));
        foreach (var node in new[] { a, b })
        {
            Assert.Equal("after,basket,before", await browser.GetAsync("/keys", node));
            Assert.Equal("", await planted.Copy().GetAsync("/keys", node));
            Assert.Equal("", await planted.Copy().GetAsync("/get/before", node));
        }

        var id = IdOf(browser);
        Assert.Equal("anna", await browser.GetAsync("/who", a));
        await browser.GetAsync("/get/basket", a);
        Assert.Equal(id, IdOf(browser));
    }

    [Fact]
    public async Task Same_person_who_signs_in_again_has_another_id_and_keeps_the_session()
    {
        var node = await StartAsync(ServerKind.TestServer);
        var browser = await BeginAndLogInAsync("anna", node);
        var first = browser.Copy();
        await browser.GetAsync("/logout", node);
        await browser.GetAsync("/login/anna", node);
        Assert.NotEqual(IdOf(first), IdOf(browser));
        Assert.Equal("tea", await browser.GetAsync("/get/basket", node));
        Assert.Equal(
            "",
            await new LoginBrowser(
                new Dictionary<string, string> { [SessionCookie] = first.Cookies[SessionCookie] }
            ).GetAsync("/get/basket", node)
        );
    }

    [Theory]
    [MemberData(nameof(Ways))]
    public async Task Another_person_who_signs_in_finds_only_what_that_request_has_set(
        ServerKind kind,
        AuthenticationOrder order
    )
    {
        var (a, b) = (await StartAsync(kind, order), await StartAsync(kind, order));
        var browser = await BeginAndLogInAsync("anna", a);
        await browser.GetAsync("/set/iban/DE12", b);
        var annas = browser.Copy();
        Assert.Equal("after,before", await browser.GetAsync("/login-and-write/bob", a));
        Assert.NotEqual(IdOf(annas), IdOf(browser));
        foreach (var node in new[] { a, b })
        {
            Assert.Equal("after,before", await browser.GetAsync("/keys", node));
            Assert.Equal("", await annas.Copy().GetAsync("/get/iban", node));
        }
    }

    [Fact]
    public async Task Attributes_that_the_options_name_stay_for_another_person()
    {
        var node = await StartAsync(ServerKind.TestServer, options: options =>
            options.CarriedAttributes.Add("language")
        );
        var browser = await BeginAndLogInAsync("anna", node);
        await browser.GetAsync("/set/language/fr", node);
        await browser.GetAsync("/login/bob", node);
        Assert.Equal("language", await browser.GetAsync("/keys", node));
        Assert.Equal("fr", await browser.GetAsync("/get/language", node));
    }

    [Fact]
    public async Task Attribute_that_the_request_has_removed_is_not_carried_nor_a_change_of_the_new_session()
    {
        var node = await StartAsync(
            ServerKind.TestServer,
            options: options => options.CarriedAttributes.Add("basket"),
            endpoints: endpoints =>
                endpoints.MapGet("/remove-and-login/{name}", async (HttpContext context, string name) =>
                {
                    context.Session.Remove("basket");
                    await SignInAsync(context, name);
                    return string.Join(",", context.Session.Keys);
                })
        );
        var browser = await BeginAndLogInAsync("anna", node);
        Assert.Equal("", await browser.GetAsync("/remove-and-login/bob", node));
        Assert.Equal("", await browser.GetAsync("/keys", node));
    }

    [Fact]
    public async Task Session_that_begins_with_the_sign_in_is_that_persons()
    {
        var node = await StartAsync(ServerKind.TestServer);
        var browser = new LoginBrowser();
        await browser.GetAsync("/login-and-write/anna", node);
        var id = IdOf(browser);
        Assert.Equal("after,before", await browser.GetAsync("/keys", node));
        Assert.Equal(id, IdOf(browser));
        await browser.GetAsync("/login/bob", node);
        Assert.Equal("", await browser.GetAsync("/keys", node));
    }

    [Fact]
    public async Task Session_Id_stays_with_the_id_and_is_new_for_another_person()
    {
        var (a, b) = (await StartAsync(ServerKind.TestServer), await StartAsync(ServerKind.TestServer));
        var browser = await BeginAsync(a);
        var name = await browser.GetAsync("/id", a);
        await browser.GetAsync("/login/anna", a);
        Assert.Equal(name, await browser.GetAsync("/id", b));
        await browser.GetAsync("/rotate", b);
        Assert.Equal(name, await browser.GetAsync("/id", a));
        await browser.GetAsync("/login/bob", a);
        Assert.NotEqual(name, await browser.GetAsync("/id", a));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Session_is_ended_by_its_Id_after_the_sign_in(bool isTombstoneGone)
    {
        var (a, b) = (await StartAsync(ServerKind.TestServer), await StartAsync(ServerKind.TestServer));
        var browser = await BeginAsync(a);
        var other = await BeginAndLogInAsync("bob", b);
        var name = await browser.GetAsync("/id", a);
        await browser.GetAsync("/login/anna", a);
        for (var minutes = 0; isTombstoneGone && minutes < 60; minutes += 10)
        {
            Time.Advance(TimeSpan.FromMinutes(10));
            Assert.Equal("tea", await browser.GetAsync("/get/basket", a));
            await other.GetAsync("/get/basket", b);
        }

        Assert.True(await a.Services.GetRequiredService<ISessionManager>().EndAsync(name));
        Assert.Equal("", await browser.GetAsync("/get/basket", a));
        Assert.Equal("", await browser.GetAsync("/get/basket", b));
        Assert.Equal("tea", await other.GetAsync("/get/basket", b));
    }

    [Fact]
    public async Task Who_has_only_signed_in_yet_is_ended_with_all_of_theirs_and_the_former_user_is_not_theirs()
    {
        var (a, b) = (await StartAsync(ServerKind.TestServer), await StartAsync(ServerKind.TestServer));
        var browser = await BeginAndLogInAsync("anna", a);
        await browser.GetAsync("/login-and-write/bob", a);
        await b.EndAllAsync("anna");
        Assert.Equal("after,before", await browser.Copy().GetAsync("/keys", a));
        await b.EndAllAsync("bob");
        Assert.Equal("", await browser.Copy().GetAsync("/keys", a));
        Assert.Equal("", await browser.Copy().GetAsync("/keys", b));
    }

    [Fact]
    public async Task Who_ends_all_of_theirs_and_signs_in_in_one_request_stays_in_with_the_earlier_session()
    {
        static async Task ResetAsync(HttpContext context, string name)
        {
            await context.RequestServices.GetRequiredService<ISessionManager>().EndAllAsync(name, context);
            await SignInAsync(context, name);
        }

        var (a, b) = (
            await StartAsync(ServerKind.Kestrel, endpoints: endpoints => endpoints.MapGet("/reset/{name}", ResetAsync)),
            await StartAsync(ServerKind.Kestrel)
        );
        var thief = await BeginAndLogInAsync("anna", b);
        var browser = await BeginAndLogInAsync("anna", a);
        await browser.GetAsync("/reset/anna", a);
        Assert.Equal(200, (int)browser.LastStatus);
        foreach (var node in new[] { a, b, a })
        {
            Assert.Equal("tea", await browser.GetAsync("/get/basket", node));
            Assert.Equal("", await thief.GetAsync("/get/basket", node));
        }
    }

    [Fact]
    public async Task Sign_in_by_a_middleware_before_the_sessions_counts_too()
    {
        var node = await StartAsync(ServerKind.TestServer, before: app => app.Use(
                async (context, next) =>
                {
                    if (context.Request.Query["remember"].ToString() is { Length: > 0 } name)
                    {
                        await SignInAsync(context, name);
                    }

                    await next(context);
                }
            ));
        var browser = await BeginAsync(node);
        var planted = browser.Copy();
        await browser.GetAsync("/set/iban/DE12?remember=anna", node);
        Assert.NotEqual(IdOf(planted), IdOf(browser));
        Assert.Equal("", await planted.GetAsync("/get/iban", node));
        Assert.Equal("basket,iban", await browser.GetAsync("/keys", node));
    }

    [Theory]
    [MemberData(nameof(ServerKinds.Real), MemberType = typeof(ServerKinds))]
    public async Task Sign_in_while_the_store_is_away_is_a_503_without_the_login(ServerKind kind)
    {
        var store = new FaultyStore(Store);
        var node = await StartAsync(kind, store: store);
        var browser = await BeginAsync(node);
        var id = IdOf(browser);
        store.Failing = StoreOperations.All;
        await browser.GetAsync("/login-and-write/anna", node);
        Assert.Equal(503, (int)browser.LastStatus);
        Assert.Null(browser.Login);
        store.Failing = StoreOperations.None;
        Assert.Equal(id, IdOf(browser));
        await HoldsInTimeAsync(
            async () =>
                await browser.GetAsync("/keys", node) is var keys
                && browser.LastStatus == System.Net.HttpStatusCode.OK
                && keys == "basket",
            "nothing of that request is kept"
        );
    }

    [Fact]
    public async Task Sign_in_that_is_committed_by_the_application_and_fails_keeps_nothing()
    {
        var store = new FaultyStore(Store);
        var node = await StartAsync(ServerKind.TestServer, store: store, endpoints: endpoints =>
            endpoints.MapGet("/stubborn", async (HttpContext context) =>
            {
                context.Session.SetString("user", "anna");
                await SignInAsync(context, "anna");
                store.Failing = StoreOperations.All;
                await Assert.ThrowsAsync<SessionUnavailableException>(() => context.Session.CommitAsync());
                store.Failing = StoreOperations.None;
                context.Session.SetString("more", "1");
            })
        );
        var browser = await BeginAsync(node);
        await browser.GetAsync("/stubborn", node);
        Assert.Equal(503, (int)browser.LastStatus);
        Assert.Equal("basket", await browser.GetAsync("/keys", node));
    }

    [Fact]
    public async Task Where_the_cookie_may_not_be_sent_the_visitor_has_no_session_and_no_id_is_changed()
    {
        var node = await StartAsync(ServerKind.TestServer, before: app => app.Use(
                (context, next) =>
                {
                    if (context.Request.Query.ContainsKey("withdrawn"))
                    {
                        context.Features.Set<ITrackingConsentFeature>(new NoConsent());
                    }

                    return next(context);
                }
            ));
        var browser = await BeginAsync(node);
        var id = IdOf(browser);
        await browser.GetAsync("/login/anna?withdrawn", node);
        Assert.Equal(id, IdOf(browser));
        Assert.Equal(1, Sessions.Count);
    }

    [Fact]
    public async Task Application_may_do_it_by_itself()
    {
        var node = await StartAsync(ServerKind.TestServer, options: options => options.RotateIdAtSignIn = false);
        var browser = await BeginAsync(node);
        var id = IdOf(browser);
        await browser.GetAsync("/login/anna", node);
        Assert.Equal("tea", await browser.GetAsync("/get/basket", node));
        Assert.Equal(id, IdOf(browser));
    }

    [Fact]
    public async Task Application_without_authentication_learns_it_where_it_signs_in()
    {
        var node = await StartAsync(
            ServerKind.TestServer,
            AuthenticationOrder.None,
            authentication: _ => { },
            endpoints: endpoints =>
                endpoints.MapGet("/try", async (HttpContext context) =>
                    (await Assert.ThrowsAsync<InvalidOperationException>(() => SignInAsync(context, "anna"))).Message
                )
        );
        Assert.Contains("AddAuthentication", await new LoginBrowser().GetAsync("/try", node), StringComparison.Ordinal);
    }

    private sealed class NoConsent : ITrackingConsentFeature
    {
        public bool IsConsentNeeded => true;

        public bool HasConsent => false;

        public bool CanTrack => false;

        public void GrantConsent() { }

        public void WithdrawConsent() { }

        public string CreateConsentCookie() => "";
    }
}
