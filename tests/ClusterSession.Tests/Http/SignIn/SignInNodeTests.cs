using System.Security.Claims;
using ClusterSession.Http.Cookies;
using ClusterSession.Stores;
using ClusterSession.TestKit.Nodes;
using ClusterSession.Tests.Nodes;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authentication.Cookies;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace ClusterSession.Tests.Http.SignIn;

/// <summary>
/// Nodes with a plain cookie login, as most applications have it, and one set of keys.
/// </summary>
public abstract class SignInNodeTests : NodeTests
{
    protected const string Cookies = CookieAuthenticationDefaults.AuthenticationScheme;
    protected const string SessionCookie = ".ClusterSession";

    private readonly EphemeralDataProtectionProvider _protection = new();

    private protected Meeting Meeting { get; } = new();

    /// <summary>Starts a node with a cookie login.</summary>
    /// <param name="kind">The server.</param>
    /// <param name="order">Where the authentication comes.</param>
    /// <param name="options">Changes the options.</param>
    /// <param name="store">Its store.</param>
    /// <param name="authentication">The schemes in place of the one cookie.</param>
    /// <param name="endpoints">Further endpoints.</param>
    /// <param name="before">Middleware before the sessions.</param>
    protected Task<TestNode> StartAsync(
        ServerKind kind,
        AuthenticationOrder order = AuthenticationOrder.Before,
        Action<ClusterSessionOptions>? options = null,
        IClusterSessionStore? store = null,
        Action<IServiceCollection>? authentication = null,
        Action<IEndpointRouteBuilder>? endpoints = null,
        Action<WebApplication>? before = null
    ) =>
        StartAsync(
            all =>
            {
                Map(all);
                endpoints?.Invoke(all);
            },
            options,
            store,
            app =>
            {
                if (order == AuthenticationOrder.Before)
                {
                    app.UseAuthentication();
                }

                before?.Invoke(app);
            },
            app =>
            {
                if (order == AuthenticationOrder.After)
                {
                    app.UseAuthentication();
                }

                app.UseAuthorization();
            },
            services =>
            {
                services.AddSingleton<IDataProtectionProvider>(_protection);
                services.AddAuthorization();
                (authentication ?? (static collection => collection.AddAuthentication(Cookies).AddCookie()))(services);
            },
            kind
        );

    /// <summary>A browser with a session that began before any login.</summary>
    protected static async Task<LoginBrowser> BeginAsync(TestNode node)
    {
        var browser = new LoginBrowser();
        await browser.GetAsync("/set/basket/tea", node);
        return browser;
    }

    /// <summary>A browser that has logged in with a session that it had before.</summary>
    protected static async Task<LoginBrowser> BeginAndLogInAsync(string name, TestNode node)
    {
        var browser = await BeginAsync(node);
        await browser.GetAsync($"/login/{name}", node);
        return browser;
    }

    protected static string IdOf(LoginBrowser browser) => browser.Cookies[SessionCookie].Split('.')[0];

    protected static ClaimsPrincipal User(
        string name,
        string type = ClaimTypes.NameIdentifier,
        string? issuer = null
    ) =>
        new(
            new ClaimsIdentity([new Claim(type, name, null, issuer), new Claim(ClaimTypes.Name, $"Mx. {name}")], "test")
        );

    protected static Task SignInAsync(HttpContext context, string name) => context.SignInAsync(Cookies, User(name));

    /// <summary>Who planted this session: the same cookie of the session, and no login.</summary>
    protected static LoginBrowser PlantedIn(LoginBrowser browser) =>
        new(new Dictionary<string, string> { [SessionCookie] = browser.Cookies[SessionCookie] });

    /// <summary>A request that brings a bearer token besides the cookies.</summary>
    protected static async Task<string> BearerAsync(LoginBrowser browser, string name, string path, TestNode at)
    {
        using var client = at.CreateClient();
        using var request = new HttpRequestMessage(HttpMethod.Get, path);
        request.Headers.Add(HeaderLogin.Header, name);
        return await browser.SendAsync(request, client);
    }

    /// <summary>The cookie login of pages beside the bearer tokens of an API.</summary>
    protected static void AddCookieAndBearer(IServiceCollection services, string defaultScheme) =>
        services
            .AddAuthentication(defaultScheme)
            .AddCookie(Cookies)
            .AddScheme<AuthenticationSchemeOptions, HeaderLogin>(HeaderLogin.Name, null);

    /// <summary>A remote provider that signs in to the cookie.</summary>
    protected static void AddCookieAndRemote(IServiceCollection services, string defaultScheme) =>
        services
            .AddAuthentication(defaultScheme)
            .AddCookie(Cookies)
            .AddRemoteScheme<RemoteAuthenticationOptions, RemoteLogin>(RemoteLogin.Name, null, options =>
            {
                options.CallbackPath = RemoteLogin.Path;
                options.SignInScheme = Cookies;
            });

    /// <summary>
    /// A sign-in that the sessions do not see: the next request that brings the login decides.
    /// </summary>
    protected static void MapUnseenLogin(IEndpointRouteBuilder endpoints) =>
        endpoints
            .MapGet("/unseen-login/{name}", (HttpContext context, string name) => SignInAsync(context, name))
            .WithSessionAccess(SessionConcurrency.None);

    private void Map(IEndpointRouteBuilder endpoints)
    {
        endpoints.MapGet("/login/{name}", (HttpContext context, string name) => SignInAsync(context, name));
        endpoints.MapGet("/login-and-write/{name}", async (HttpContext context, string name) =>
        {
            context.Session.SetString("before", name);
            await SignInAsync(context, name);
            context.Session.SetString("after", name);
            return string.Join(",", context.Session.Keys.Order());
        });
        endpoints.MapGet("/logout", (HttpContext context) => context.SignOutAsync(Cookies));
        endpoints.MapGet("/who", (HttpContext context) =>
            context.User.FindFirst(ClaimTypes.NameIdentifier)?.Value ?? "nobody"
        );
        endpoints.MapGet("/id", (HttpContext context) => context.Session.Id);
        endpoints.MapGet("/slow/{key}/{value}", async (HttpContext context, string key, string value) =>
        {
            await Meeting.WaitAsync();
            context.Session.SetString(key, value);
            return value;
        });
    }
}
