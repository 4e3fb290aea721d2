using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Security.Claims;
using System.Text.Json;
using ClusterSession.TestKit.Nodes;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Identity;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Xunit;

namespace ClusterSession.Tests.Http.SignIn;

/// <summary>ASP.NET Core Identity, with its cookies and with its API endpoints.</summary>
public sealed class IdentityTests : SignInNodeTests
{
    private const string LoginCookie = ".AspNetCore.Identity.Application";
    private const string Password = "Passw0rd!";

    private readonly IdentityUsers _users = new();

    [Fact]
    public async Task Password_login_changes_the_id_and_its_interim_cookies_do_not()
    {
        var (a, b) = (await StartIdentityAsync(), await StartIdentityAsync());
        await CreateAsync(a, "anna");
        var browser = await BeginAsync(a);
        var planted = browser.Copy();
        await browser.GetAsync("/external/github-anna", a);
        Assert.Equal(IdOf(planted), IdOf(browser));
        Assert.Equal("Succeeded", await browser.GetAsync("/password/anna", a));
        Assert.NotEqual(IdOf(planted), IdOf(browser));
        Assert.Equal("basket,user", await browser.GetAsync("/keys", b));
        Assert.Equal("", await planted.GetAsync("/keys", b));
    }

    [Fact]
    public async Task Refreshed_login_has_another_id_and_the_same_session_and_another_user_an_empty_one()
    {
        var (a, b) = (await StartIdentityAsync(), await StartIdentityAsync());
        await CreateAsync(a, "anna");
        await CreateAsync(a, "bob");
        var browser = await BeginAsync(a);
        await browser.GetAsync("/password/anna", a);
        var before = browser.Copy();
        await browser.GetAsync("/refresh", b);
        Assert.NotEqual(IdOf(before), IdOf(browser));
        Assert.Equal("basket,user", await browser.GetAsync("/keys", a));
        await browser.GetAsync("/password/bob", a);
        Assert.Equal("bob", await browser.GetAsync("/get/user", b));
        Assert.Equal("user", await browser.GetAsync("/keys", b));
    }

    [Fact]
    public async Task Api_endpoints_of_Identity_change_the_id_by_their_cookie_and_not_by_their_bearer_token()
    {
        var node = await StartAsync(ServerKind.Kestrel, authentication: AddIdentityApi, endpoints: MapApi);
        await CreateAsync(node, "anna");
        await CreateAsync(node, "bob");
        var browser = await BeginAsync(node);
        var old = IdOf(browser);
        await PostAsync(browser, node, "/identity/login?useCookies=true", "anna");
        Assert.Equal(200, (int)browser.LastStatus);
        Assert.True(browser.Cookies.ContainsKey(LoginCookie));
        Assert.NotEqual(old, IdOf(browser));
        var id = IdOf(browser);

        var bearer = JsonDocument
            .Parse(await PostAsync(browser, node, "/identity/login", "bob"))
            .RootElement.GetProperty("accessToken")
            .GetString();
        using var client = node.CreateClient();
        using var request = new HttpRequestMessage(HttpMethod.Get, "/api");
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", bearer);
        request.Headers.Add("Cookie", $"{SessionCookie}={browser.Cookies[SessionCookie]}");
        using var response = await client.SendAsync(request);
        Assert.Equal("bob: tea", await response.Content.ReadAsStringAsync());
        Assert.Equal("tea", await browser.GetAsync("/get/basket", node));
        Assert.Equal(id, IdOf(browser));
    }

    private static async Task CreateAsync(TestNode node, string name)
    {
        using var scope = node.Services.CreateScope();
        var manager = scope.ServiceProvider.GetRequiredService<UserManager<IdentityUser>>();
        var email = $"{name}@example.com";
        var created = await manager.CreateAsync(new IdentityUser { Name = email, Email = email }, Password);
        Assert.True(created.Succeeded, created.ToString());
    }

    private static async Task<string> PostAsync(LoginBrowser browser, TestNode at, string path, string name)
    {
        using var client = at.CreateClient();
        using var request = new HttpRequestMessage(HttpMethod.Post, path)
        {
            Content = JsonContent.Create(new { email = $"{name}@example.com", password = Password }),
        };
        return await browser.SendAsync(request, client);
    }

    private Task<TestNode> StartIdentityAsync() =>
        StartAsync(
            ServerKind.Kestrel,
            authentication: services =>
            {
                services.AddSingleton<IUserStore<IdentityUser>>(_users);
                services
                    .AddAuthentication(options =>
                    {
                        options.DefaultScheme = IdentityConstants.ApplicationScheme;
                        options.DefaultSignInScheme = IdentityConstants.ExternalScheme;
                    })
                    .AddIdentityCookies();
                services.AddIdentityCore<IdentityUser>().AddSignInManager();
            },
            endpoints: MapIdentity
        );

    private void AddIdentityApi(IServiceCollection services)
    {
        services.AddSingleton<IUserStore<IdentityUser>>(_users);
        services.AddIdentityApiEndpoints<IdentityUser>();
    }

    private static void MapIdentity(IEndpointRouteBuilder endpoints)
    {
        endpoints.MapGet(
            "/password/{name}",
            async (HttpContext context, SignInManager<IdentityUser> manager, string name) =>
            {
                context.Session.SetString("user", name);
                return (await manager.PasswordSignInAsync($"{name}@example.com", Password, false, false)).ToString();
            }
        );
        endpoints.MapGet(
            "/refresh",
            async (HttpContext context, SignInManager<IdentityUser> manager, UserManager<IdentityUser> users) =>
                await manager.RefreshSignInAsync((await users.GetUserAsync(context.User))!)
        );
        endpoints.MapGet("/external/{name}", (HttpContext context, string name) =>
            context.SignInAsync(IdentityConstants.ExternalScheme, User(name))
        );
    }

    private static void MapApi(IEndpointRouteBuilder endpoints)
    {
        endpoints.MapGroup("/identity").MapIdentityApi<IdentityUser>();
        endpoints
            .MapGet("/api", (HttpContext context) =>
                $"{context.User.FindFirstValue(ClaimTypes.Name)!.Split('@')[0]}: {context.Session.GetString("basket")}"
            )
            .RequireAuthorization();
    }
}
