using System.Security.Claims;
using ClusterSession.TestKit.Nodes;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Xunit;

namespace ClusterSession.Tests.Http.SignIn;

/// <summary>Which logins are a person's, and which may only be beside one.</summary>
public sealed class OtherSchemeTests : SignInNodeTests
{
    /// <summary>One site with pages and an API: the ways in which both logins meet.</summary>
    public static TheoryData<string, ServerKind> Sites =>
        new()
        {
            { "cookie by default", ServerKind.TestServer },
            { "cookie by default", ServerKind.Kestrel },
            { "policy", ServerKind.Kestrel },
            { "bearer by default", ServerKind.Kestrel },
        };

    [Theory]
    [MemberData(nameof(Sites))]
    public async Task Bearer_of_another_name_beside_the_login_empties_nothing_and_changes_no_id(
        string site,
        ServerKind kind
    )
    {
        var (a, b) = (await StartSiteAsync(site, kind), await StartSiteAsync(site, kind));
        var browser = await BeginAndLogInAsync("42", a);
        await browser.GetAsync("/page", a);
        var id = IdOf(browser);
        for (var i = 0; i < 10; i++)
        {
            var node = i % 2 == 0 ? a : b;
            Assert.Equal("tea", await BearerAsync(browser, "sub-of-idp", "/api", node));
            Assert.Equal("tea", await browser.GetAsync("/page", node));
            Assert.Equal("tea", await browser.GetAsync("/get/basket", node));
        }

        Assert.Equal(id, IdOf(browser));
        Assert.Equal(1, Sessions.Count - 1); // The session, and the tombstone of the id before the login.
        await b.EndAllAsync("sub-of-idp");
        Assert.Equal("", await browser.GetAsync("/get/basket", a));
    }

    [Fact]
    public async Task Sign_in_between_two_steps_of_a_login_changes_nothing()
    {
        var node = await StartAsync(
            ServerKind.TestServer,
            authentication: services => services.AddAuthentication(Cookies).AddCookie().AddCookie("External"),
            endpoints: endpoints =>
                endpoints.MapGet("/external/{name}", (HttpContext context, string name) =>
                    context.SignInAsync("External", User(name))
                )
        );
        var browser = await BeginAndLogInAsync("anna", node);
        var id = IdOf(browser);
        await browser.GetAsync("/external/bob", node);
        Assert.Equal("basket", await browser.GetAsync("/keys", node));
        Assert.Equal(id, IdOf(browser));
    }

    [Fact]
    public async Task Several_schemes_that_can_sign_in_without_a_default_one_are_warned_of()
    {
        await StartAsync(ServerKind.TestServer, authentication: services =>
            services.AddAuthentication().AddCookie("First").AddCookie("Second")
        );
        var entry = Assert.Single(Logs.All, log => log.Event.Name == "LoginSchemeUnclear");
        Assert.Contains("First, Second", entry.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Named_schemes_count_in_place_of_the_default_one()
    {
        var node = await StartAsync(
            ServerKind.TestServer,
            options: options => options.SignInSchemes.Add("Second"),
            authentication: services => services.AddAuthentication(Cookies).AddCookie().AddCookie("Second"),
            endpoints: endpoints =>
                endpoints.MapGet("/second/{name}", (HttpContext context, string name) =>
                    context.SignInAsync("Second", User(name))
                )
        );
        var browser = await BeginAsync(node);
        var id = IdOf(browser);
        await browser.GetAsync("/login/anna", node);
        Assert.Equal(id, IdOf(browser));
        await browser.GetAsync("/second/anna", node);
        Assert.NotEqual(id, IdOf(browser));
    }

    [Theory]
    [InlineData(ClaimTypes.NameIdentifier, "7", "8", false)]
    [InlineData("sub", "7", "8", false)]
    [InlineData("sub", "7", "7", true)]
    [InlineData(ClaimTypes.PrimarySid, "S-1-5-21-7", "S-1-5-21-8", false)]
    [InlineData(ClaimTypes.PrimarySid, "S-1-5-21-7", "s-1-5-21-7", true)]
    [InlineData(ClaimTypes.Name, "John Smith", "Jane Smith", false)]
    public async Task Two_logins_of_one_display_name_are_told_apart_by_their_identifier(
        string type,
        string first,
        string second,
        bool isSame
    )
    {
        var node = await StartAsync(ServerKind.TestServer, endpoints: endpoints =>
            endpoints.MapGet("/as/{value}", (HttpContext context, string value) =>
                context.SignInAsync(
                    Cookies,
                    new ClaimsPrincipal(
                        new ClaimsIdentity(
                            type == ClaimTypes.Name
                                ? [new Claim(type, value)]
                                : [new Claim(ClaimTypes.Name, "John Smith"), new Claim(type, value)],
                            "test"
                        )
                    )
                )
            )
        );
        var browser = await BeginAsync(node);
        await browser.GetAsync($"/as/{first}", node);
        Assert.Equal("basket", await browser.GetAsync("/keys", node));
        await browser.GetAsync($"/as/{second}", node);
        Assert.Equal(isSame ? "basket" : "", await browser.GetAsync("/keys", node));
        Assert.Equal(type == ClaimTypes.Name ? 1 : 0, Logs.Count("PersonHasNameOnly"));
    }

    [Theory]
    [InlineData("NTLM", @"CORP\anna", @"corp\Anna", true)]
    [InlineData("Negotiate", @"CORP\anna", @"CORP\bob", false)]
    public async Task Windows_login_of_the_server_is_a_persons_whatever_its_case(
        string type,
        string first,
        string second,
        bool isSame
    )
    {
        var node = await StartAsync(
            ServerKind.TestServer,
            AuthenticationOrder.None,
            authentication: _ => { },
            before: app =>
                app.Use(
                    (context, next) =>
                    {
                        if (context.Request.Query["windows"].ToString() is { Length: > 0 } name)
                        {
                            context.User = new ClaimsPrincipal(
                                new ClaimsIdentity([new Claim(ClaimTypes.Name, name)], type)
                            );
                        }

                        return next(context);
                    }
                )
        );
        var browser = await BeginAsync(node);
        var id = IdOf(browser);
        Assert.Equal("basket", await browser.GetAsync($"/keys?windows={Uri.EscapeDataString(first)}", node));
        Assert.NotEqual(id, IdOf(browser));
        Assert.Equal(
            isSame ? "basket" : "",
            await browser.GetAsync($"/keys?windows={Uri.EscapeDataString(second)}", node)
        );
    }

    [Theory]
    [InlineData(AuthenticationOrder.Before)]
    [InlineData(AuthenticationOrder.After)]
    public async Task Login_whose_identifier_a_transformation_maps_is_one_person(AuthenticationOrder order)
    {
        var node = await StartAsync(ServerKind.Kestrel, order, authentication: services =>
        {
            services.AddAuthentication(Cookies).AddCookie();
            services.AddSingleton<IClaimsTransformation, MappingTransformation>();
        });
        var browser = await BeginAsync(node);
        await browser.GetAsync("/login-and-write/anna", node);
        Assert.Equal("after,basket,before", await browser.GetAsync("/keys", node));
        await browser.GetAsync("/set/iban/DE12", node);
        await browser.GetAsync("/login/anna", node);
        Assert.Equal("after,basket,before,iban", await browser.GetAsync("/keys", node));
        await browser.GetAsync("/login/bob", node);
        Assert.Equal("", await browser.GetAsync("/keys", node));
    }

    [Fact]
    public async Task Sign_in_of_a_request_that_brings_a_bearer_token_changes_the_id_too()
    {
        var node = await StartSiteAsync("policy", ServerKind.Kestrel);
        var browser = await BeginAsync(node);
        var planted = browser.Copy();
        await BearerAsync(browser, "service", "/login-and-write/anna", node);
        Assert.NotNull(browser.Login);
        Assert.NotEqual(IdOf(planted), IdOf(browser));
        Assert.Equal("anna", await browser.GetAsync("/get/before", node));
        Assert.Equal("", await planted.GetAsync("/get/before", node));
    }

    private Task<TestNode> StartSiteAsync(string site, ServerKind kind) =>
        StartAsync(
            kind,
            authentication: services =>
            {
                var builder = services.AddAuthentication(
                    site switch
                    {
                        "policy" => "either",
                        "bearer by default" => HeaderLogin.Name,
                        _ => Cookies,
                    }
                );
                builder
                    .AddCookie(Cookies)
                    .AddScheme<AuthenticationSchemeOptions, HeaderLogin>(HeaderLogin.Name, null)
                    .AddPolicyScheme("either", null, options =>
                        options.ForwardDefaultSelector = context =>
                            context.Request.Headers.ContainsKey(HeaderLogin.Header) ? HeaderLogin.Name : Cookies
                    );
            },
            endpoints: endpoints =>
            {
                endpoints.MapGet("/page", [Authorize(AuthenticationSchemes = Cookies)] (HttpContext context) =>
                    context.Session.GetString("basket") ?? ""
                );
                endpoints.MapGet(
                    "/api",
                    [Authorize(AuthenticationSchemes = Cookies + "," + HeaderLogin.Name)]
                    (HttpContext context) => context.Session.GetString("basket") ?? ""
                );
            }
        );
}
