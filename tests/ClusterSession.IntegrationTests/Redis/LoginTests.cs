using System.Net;
using System.Security.Claims;
using ClusterSession.Http.Cookies;
using ClusterSession.TestKit.Nodes;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authentication.Cookies;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Xunit;

namespace ClusterSession.IntegrationTests.Redis;

/// <summary>
/// Logging in and out with cookie logins in the store, on two Kestrel nodes over a real Redis.
/// </summary>
public sealed class LoginTests(ITestOutputHelper output) : IAsyncLifetime
{
    private const string Cookies = CookieAuthenticationDefaults.AuthenticationScheme;
    private const string SessionCookie = ".ClusterSession";
    private const int Requests = 20;

    private readonly EphemeralDataProtectionProvider _protection = new();
    private RedisServer _redis = null!;
    private TestNode _a = null!;
    private TestNode _b = null!;

    public async ValueTask InitializeAsync()
    {
        _redis = await RedisServer.StartAsync();
        (_a, _b) = (await StartAsync(), await StartAsync());
    }

    public async ValueTask DisposeAsync()
    {
        await _a.DisposeAsync();
        await _b.DisposeAsync();
        await _redis.DisposeAsync();
    }

    [Fact]
    public async Task All_browsers_of_a_user_are_out_at_their_next_request_on_every_node_and_nobody_else_is()
    {
        var browsers = new[]
        {
            await LogInAsync("anna", _a),
            await LogInAsync("anna", _b),
            await LogInAsync("anna", _b),
        };
        var other = await LogInAsync("bob", _b);
        foreach (var browser in browsers.Append(other))
        {
            await browser.GetAsync("/set/basket/tea", _a);
            Assert.Equal(
                "200 anna tea",
                (await LookAsync(browser, _a)).Replace("bob", "anna", StringComparison.Ordinal)
            );
            Assert.Equal(
                "200 anna tea",
                (await LookAsync(browser, _b)).Replace("bob", "anna", StringComparison.Ordinal)
            );
        }

        var answer = await Manager(_a).EndAllAsync("anna");
        output.WriteLine($"{answer}");
        Assert.Equal(2, answer.ServingNodes);
        Assert.Equal(2, answer.NotifiedNodes); // So at their next request, and not within a second.
        foreach (var browser in browsers)
        {
            Assert.Equal("302 ", await LookAsync(browser.Copy(), _b));
            Assert.Equal("302 ", await LookAsync(browser, _a));
        }

        Assert.Equal("200 bob tea", await LookAsync(other, _b));
        await browsers[0].GetAsync("/login/anna", _b);
        Assert.Equal("200 anna ", await LookAsync(browsers[0], _b));
        Assert.Equal("200 anna ", await LookAsync(browsers[0], _a));
        Assert.Equal("302 ", await LookAsync(browsers[1], _a));
    }

    [Fact]
    public async Task Change_of_the_password_leaves_its_own_browser_in_and_no_other()
    {
        var (browser, thief) = (await LogInAsync("anna", _a), await LogInAsync("anna", _b));
        await browser.GetAsync("/set/basket/tea", _a);
        await browser.GetAsync("/password/anna", _a);
        Assert.Equal(HttpStatusCode.OK, browser.LastStatus);
        foreach (var node in new[] { _b, _a })
        {
            Assert.Equal("200 anna tea", await LookAsync(browser, node));
            Assert.Equal("302 ", await LookAsync(thief.Copy(), node));
        }
    }

    [Fact]
    public async Task Request_of_a_logged_in_user_costs_no_command_where_a_copy_is_held()
    {
        var browser = await LogInAsync("anna", _a);
        await browser.GetAsync("/set/basket/tea", _b);
        await LookAsync(browser, _b);
        await LookAsync(browser, _b);
        var before = await RedisCommands.CountAsync(_redis);
        for (var i = 0; i < 100; i++)
        {
            Assert.Equal("200 anna tea", await LookAsync(browser, _b));
        }

        Assert.Equal(0, (await RedisCommands.CountAsync(_redis) - before).Total);
    }

    [Fact]
    public async Task Twenty_requests_at_a_login_see_one_session_under_one_new_id_and_the_planted_one_nothing()
    {
        for (var round = 0; round < 5; round++)
        {
            var browser = new LoginBrowser();
            await browser.GetAsync("/set/basket/tea", _a);
            var planted = browser.Copy();

            // A login of which the session does not know yet, as one by a remote provider.
            browser.Cookies[LoginBrowser.LoginCookie] = (await LogInAsync("anna", _b)).Login!;
            var tabs = Enumerable.Range(0, Requests).Select(_ => browser.Copy()).ToArray();
            await Task.WhenAll(
                tabs.Select((tab, i) => tab.GetAsync(i % 4 == 3 ? $"/set/n{i}/1" : "/get/basket", i % 2 == 0 ? _a : _b))
            );
            for (var i = 0; i < Requests; i++)
            {
                Assert.Equal(HttpStatusCode.OK, tabs[i].LastStatus);
                Assert.Equal(i % 4 == 3 ? "1" : "tea", await tabs[i].Last!.Content.ReadAsStringAsync());
            }

            var id = Assert.Single(tabs.Select(IdOf).Distinct());
            Assert.NotEqual(IdOf(planted), id);
            foreach (var node in new[] { _a, _b })
            {
                Assert.Equal("basket,n11,n15,n19,n3,n7", await tabs[round].GetAsync("/keys", node));
                Assert.Equal("", await planted.Copy().GetAsync("/keys", node));
            }
        }
    }

    private static string IdOf(LoginBrowser browser) => browser.Cookies[SessionCookie].Split('.')[0];

    private static ISessionManager Manager(TestNode node) => node.Services.GetRequiredService<ISessionManager>();

    private static Task SignInAsync(HttpContext context, string name) =>
        context.SignInAsync(
            Cookies,
            new ClaimsPrincipal(new ClaimsIdentity([new Claim(ClaimTypes.NameIdentifier, name)], "test"))
        );

    private static async Task<LoginBrowser> LogInAsync(string name, TestNode at)
    {
        var browser = new LoginBrowser();
        await browser.GetAsync($"/login/{name}", at);
        return browser;
    }

    /// <summary>What a page for users alone says: the status, who it is, and the basket.</summary>
    private static async Task<string> LookAsync(LoginBrowser browser, TestNode at)
    {
        var text = await browser.GetAsync("/page", at);
        return $"{(int)browser.LastStatus} {text}";
    }

    private Task<TestNode> StartAsync() =>
        TestNode.StartAsync(
            RedisNode.Store(_redis.ConnectionString),
            Map,
            services: services =>
            {
                services.AddSingleton<IDataProtectionProvider>(_protection);
                services.AddAuthorization();
                services.AddClusterSession().AddTicketStore();
                services.AddAuthentication(Cookies).AddCookie();
            },
            kind: ServerKind.Kestrel
        );

    private static void Map(IEndpointRouteBuilder endpoints)
    {
        endpoints.MapGet("/login/{name}", (HttpContext context, string name) => SignInAsync(context, name));
        endpoints
            .MapGet("/page", (HttpContext context) =>
                $"{context.User.FindFirstValue(ClaimTypes.NameIdentifier)} {context.Session.GetString("basket")}"
            )
            .RequireAuthorization();
        endpoints
            .MapGet("/password/{name}", async (HttpContext context, string name) =>
            {
                await context.RequestServices.GetRequiredService<ISessionManager>().EndAllAsync(name, context);
                await SignInAsync(context, name); // As RefreshSignInAsync does.
            })
            .RequireAuthorization();
    }
}
