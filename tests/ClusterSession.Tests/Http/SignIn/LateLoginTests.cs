using System.Security.Claims;
using ClusterSession.TestKit.Nodes;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Xunit;

namespace ClusterSession.Tests.Http.SignIn;

/// <summary>
/// The login becomes known after the session was opened, or by a scheme that is not the obvious
/// one: whose session it is counts before anything of it is shown.
/// </summary>
public sealed class LateLoginTests : SignInNodeTests
{
    [Fact]
    public async Task Session_that_was_read_before_the_authentication_shows_nothing_to_another_person()
    {
        var node = await StartAsync(
            endpoints =>
            {
                endpoints.MapGet("/login/{name}", (HttpContext context, string name) => SignInAsync(context, name));
                endpoints.MapGet("/mine", Mine).RequireAuthorization();
            },
            after: app =>
            {
                app.Use(
                    (context, next) =>
                    {
                        _ = context.Session.GetString("culture");
                        return next(context);
                    }
                );
                app.UseAuthentication();
                app.UseAuthorization();
            },
            services: services =>
            {
                services.AddAuthorization();
                services.AddAuthentication(Cookies).AddCookie();
            }
        );
        var browser = new LoginBrowser();
        await browser.GetAsync("/login/anna", node);
        await browser.GetAsync("/set/iban/DE12", node);
        Assert.Equal("anna:DE12", await browser.GetAsync("/mine", node));
        var callback = new LoginBrowser(); // The provider's cross-site POST brings no session cookie.
        await callback.GetAsync("/login/bob", node);
        browser.Cookies[LoginBrowser.LoginCookie] = callback.Login!;
        Assert.Equal("bob:", await browser.GetAsync("/mine", node));
    }

    [Fact]
    public async Task Session_Id_of_another_persons_first_request_is_not_that_of_the_person_before()
    {
        var node = await StartAsync(ServerKind.Kestrel, AuthenticationOrder.After, endpoints: MapUnseenLogin);
        var browser = await BeginAndLogInAsync("anna", node);
        var annas = await browser.GetAsync("/id", node);
        await browser.GetAsync("/unseen-login/bob", node);
        Assert.NotEqual(annas, await browser.GetAsync("/id", node));
    }

    [Fact]
    public async Task Rotation_in_another_persons_first_request_keeps_nothing_of_the_person_before()
    {
        var node = await StartAsync(ServerKind.Kestrel, AuthenticationOrder.After, endpoints: MapUnseenLogin);
        var browser = await BeginAndLogInAsync("anna", node);
        await browser.GetAsync("/set/iban/DE12", node);
        await browser.GetAsync("/unseen-login/bob", node);
        await browser.GetAsync("/rotate", node);
        Assert.Equal("bob", await browser.GetAsync("/who", node));
        Assert.Equal("", await browser.GetAsync("/keys", node));
    }

    [Fact]
    public async Task Login_of_the_second_of_two_schemes_of_an_endpoint_is_a_persons_too()
    {
        var node = await StartAsync(
            ServerKind.TestServer,
            AuthenticationOrder.None,
            options =>
            {
                options.SignInSchemes.Add("First");
                options.SignInSchemes.Add("Second");
            },
            authentication: services => services.AddAuthentication().AddCookie("First").AddCookie("Second"),
            endpoints: endpoints =>
            {
                endpoints
                    .MapGet("/second-login/{name}", (HttpContext context, string name) =>
                        context.SignInAsync("Second", User(name))
                    )
                    .WithSessionAccess(SessionConcurrency.None);
                endpoints
                    .MapGet("/mine", Mine)
                    .RequireAuthorization(policy =>
                        policy.AddAuthenticationSchemes("First", "Second").RequireAuthenticatedUser()
                    );
            }
        );
        var browser = new LoginBrowser();
        await browser.GetAsync("/second-login/anna", node);
        Assert.Equal("anna:", await browser.GetAsync("/mine", node));
        await browser.GetAsync("/set/iban/DE12", node);
        Assert.Equal("anna:DE12", await browser.GetAsync("/mine", node));
        await browser.GetAsync("/second-login/bob", node);
        Assert.Equal("bob:", await browser.GetAsync("/mine", node));
    }

    [Theory]
    [InlineData(AuthenticationOrder.Before)]
    [InlineData(AuthenticationOrder.After)]
    public async Task Login_of_a_remote_provider_that_is_the_default_scheme_is_a_persons(AuthenticationOrder order)
    {
        var node = await StartAsync(ServerKind.Kestrel, order, authentication: services =>
            AddCookieAndRemote(services, RemoteLogin.Name)
        );
        var browser = await BeginAsync(node);
        var planted = browser.Copy();
        await browser.GetAsync("/signin-remote?as=anna&issuer=x", node);
        await browser.GetAsync("/set/iban/DE12", node);
        Assert.NotEqual(IdOf(planted), IdOf(browser));
        Assert.Equal("", await planted.GetAsync("/get/iban", node));
        Assert.Equal("DE12", await browser.GetAsync("/get/iban", node));
        var other = new LoginBrowser();
        await other.GetAsync("/signin-remote?as=bob&issuer=x", node);
        browser.Cookies[LoginBrowser.LoginCookie] = other.Login!;
        Assert.Equal("bob", await browser.GetAsync("/who", node));
        Assert.Equal("", await browser.GetAsync("/get/iban", node));
        Assert.Equal(0, Logs.Count("LoginSchemeUnclear"));
    }

    [Theory]
    [InlineData(AuthenticationOrder.Before, "/signin-remote?as=anna&issuer=x")]
    [InlineData(AuthenticationOrder.After, "/signin-remote?as=anna&issuer=x")]
    [InlineData(AuthenticationOrder.Before, "/unseen-login/anna")]
    [InlineData(AuthenticationOrder.After, "/unseen-login/anna")]
    public async Task Who_ends_all_of_theirs_in_the_first_request_after_the_login_ends_its_session_too(
        AuthenticationOrder order,
        string login
    )
    {
        var node = await StartAsync(
            ServerKind.Kestrel,
            order,
            authentication: services =>
            {
                services.AddHttpContextAccessor();
                AddCookieAndRemote(services, Cookies);
            },
            endpoints: endpoints =>
            {
                MapUnseenLogin(endpoints);
                endpoints.MapGet("/everywhere", (ISessionManager sessions) => sessions.EndAllAsync("anna"));
            }
        );
        var browser = await BeginAsync(node);
        await browser.GetAsync(login, node);
        Assert.NotNull(browser.Login);
        await browser.GetAsync("/everywhere", node);
        Assert.Equal(200, (int)browser.LastStatus);
        Assert.Equal("", await browser.GetAsync("/keys", node));
    }

    private static string Mine(HttpContext context) =>
        $"{context.User.FindFirst(ClaimTypes.NameIdentifier)?.Value}:{context.Session.GetString("iban")}";
}
