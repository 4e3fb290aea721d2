using ClusterSession.Http.Cookies;
using ClusterSession.TestKit.Nodes;
using ClusterSession.TestKit.Stores;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Xunit;

namespace ClusterSession.Tests.Http.SignIn;

/// <summary>
/// No sign-in passed by the sessions: the next request that brings the login decides.
/// </summary>
public sealed class AppearingLoginTests : SignInNodeTests
{
    public static TheoryData<ServerKind, AuthenticationOrder> Ways =>
        new()
        {
            { ServerKind.TestServer, AuthenticationOrder.Before },
            { ServerKind.Kestrel, AuthenticationOrder.Before },
            { ServerKind.Kestrel, AuthenticationOrder.After },
        };

    [Theory]
    [MemberData(nameof(Ways))]
    public async Task Login_of_a_remote_provider_changes_the_id_with_the_next_request(
        ServerKind kind,
        AuthenticationOrder order
    )
    {
        var (a, b) = (await StartRemoteAsync(kind, order), await StartRemoteAsync(kind, order));
        var browser = await BeginAsync(a);
        var planted = browser.Copy();
        await browser.GetAsync("/signin-remote?as=anna&issuer=x", a);
        Assert.NotNull(browser.Login);
        Assert.Equal("tea", await browser.GetAsync("/get/basket", b));
        Assert.NotEqual(IdOf(planted), IdOf(browser));
        Assert.Equal("", await planted.Copy().GetAsync("/get/basket", a));
        Assert.Equal("", await planted.Copy().GetAsync("/get/basket", b));
        var id = IdOf(browser);
        await browser.GetAsync("/set/basket/cake", a);
        Assert.Equal("cake", await browser.GetAsync("/get/basket", b));
        Assert.Equal(id, IdOf(browser));
    }

    [Theory]
    [MemberData(nameof(Ways))]
    public async Task Login_that_no_endpoint_asks_for_changes_the_id_all_the_same(
        ServerKind kind,
        AuthenticationOrder order
    )
    {
        var node = await StartRemoteAsync(kind, order);
        var browser = await BeginAsync(node);
        var old = IdOf(browser);
        await browser.GetAsync("/signin-remote?as=anna&issuer=x", node);
        await browser.GetAsync("/untouched", node);
        Assert.NotEqual(old, IdOf(browser));
        Assert.Equal("tea", await browser.GetAsync("/get/basket", node));
    }

    [Theory]
    [MemberData(nameof(Ways))]
    public async Task Another_persons_login_finds_an_empty_session(ServerKind kind, AuthenticationOrder order)
    {
        var (a, b) = (await StartRemoteAsync(kind, order), await StartRemoteAsync(kind, order));
        var browser = await BeginAndLogInAsync("anna", a);
        await browser.GetAsync("/set/iban/DE12", a);
        var annas = browser.Copy();
        await browser.GetAsync("/signin-remote?as=bob&issuer=x", b);
        Assert.Equal("", await browser.GetAsync("/get/iban", b));
        Assert.Equal("", await browser.GetAsync("/keys", a));
        Assert.NotEqual(IdOf(annas), IdOf(browser));
        Assert.Equal("", await annas.GetAsync("/get/iban", a));
        await browser.GetAsync("/set/x/1", a);
        Assert.Equal("x", await browser.GetAsync("/keys", b));
    }

    [Fact]
    public async Task Same_identifier_at_another_issuer_is_another_person()
    {
        var node = await StartRemoteAsync(ServerKind.TestServer);
        var browser = await BeginAsync(node);
        await browser.GetAsync("/signin-remote?as=583231&issuer=github", node);
        Assert.Equal("basket", await browser.GetAsync("/keys", node));
        await browser.GetAsync("/signin-remote?as=583231&issuer=customer", node);
        Assert.Equal("", await browser.GetAsync("/keys", node));
    }

    [Theory]
    [InlineData(AuthenticationOrder.Before)]
    [InlineData(AuthenticationOrder.None)]
    public async Task Endpoint_that_authenticates_by_itself_shows_nobody_the_session_of_the_person_before(
        AuthenticationOrder order
    )
    {
        // Two schemes that can sign in and no default one: nobody is known when the session is
        // opened.
        var node = await StartAsync(
            ServerKind.Kestrel,
            order,
            options: options => options.SignInSchemes.Add(Cookies),
            authentication: services => services.AddAuthentication().AddCookie(Cookies).AddCookie("Other"),
            endpoints: endpoints =>
            {
                endpoints
                    .MapGet("/mine", (HttpContext context) => context.Session.GetString("iban") ?? "")
                    .RequireAuthorization(policy =>
                        policy.AddAuthenticationSchemes(Cookies).RequireAuthenticatedUser()
                    );
                endpoints
                    .MapGet("/mine-by-two", (HttpContext context) => context.Session.GetString("iban") ?? "")
                    .RequireAuthorization(policy =>
                        policy.AddAuthenticationSchemes(Cookies, "Other").RequireAuthenticatedUser()
                    );
            }
        );
        var anna = await BeginAndLogInAsync("anna", node);
        await anna.GetAsync("/set/iban/DE12", node);
        Assert.Equal("DE12", await anna.GetAsync("/mine", node));
        Assert.Equal("DE12", await anna.GetAsync("/mine-by-two", node));
        var bob = new LoginBrowser();
        await bob.GetAsync("/login/bob", node);
        foreach (var path in new[] { "/mine", "/mine-by-two" })
        {
            var shared = new LoginBrowser(bob.Cookies);
            shared.Cookies[SessionCookie] = anna.Cookies[SessionCookie];
            Assert.Equal("", await shared.GetAsync(path, node));
            Assert.Equal(200, (int)shared.LastStatus);
        }
    }

    [Fact]
    public async Task Without_the_store_a_login_that_only_appears_gets_its_new_id_later()
    {
        var store = new FaultyStore(Store);
        var node = await StartRemoteAsync(ServerKind.TestServer, store: store);
        var browser = await BeginAsync(node);
        await browser.GetAsync("/signin-remote?as=anna&issuer=x", node);
        store.Failing = StoreOperations.Sessions;
        var old = IdOf(browser);
        for (var i = 0; i < 3; i++)
        {
            Assert.Equal("tea", await browser.GetAsync("/get/basket", node));
            await browser.GetAsync($"/set/n/{i}", node);
            Assert.Equal(200, (int)browser.LastStatus);
            Assert.Equal(old, IdOf(browser));
        }

        Assert.Equal(1, Logs.Count("NewIdPutOff"));
        store.Failing = StoreOperations.None;
        await HoldsInTimeAsync(
            async () => await browser.GetAsync("/get/n", node) == "2" && IdOf(browser) != old,
            "the first request with a store changes the id"
        );
        Assert.Equal("basket,n", await browser.GetAsync("/keys", node));
        await node.EndAllAsync("anna");
        Assert.Equal("", await browser.GetAsync("/keys", node));
    }

    private Task<TestNode> StartRemoteAsync(
        ServerKind kind,
        AuthenticationOrder order = AuthenticationOrder.Before,
        FaultyStore? store = null
    ) => StartAsync(kind, order, store: store, authentication: services => services
                .AddAuthentication(Cookies)
                .AddCookie()
                .AddScheme<RemoteAuthenticationOptions, RemoteLogin>("remote", null, options =>
                {
                    options.CallbackPath = RemoteLogin.Path;
                    options.SignInScheme = Cookies;
                }));
}
