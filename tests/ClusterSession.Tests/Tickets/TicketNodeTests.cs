using System.Security.Claims;
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

namespace ClusterSession.Tests.Tickets;

/// <summary>
/// Nodes with cookie authentication, one set of data protection keys and one store in memory.
/// </summary>
public abstract class TicketNodeTests : NodeTests
{
    private readonly EphemeralDataProtectionProvider _protection = new();

    /// <summary>Starts a node with a ticket store.</summary>
    protected Task<TestNode> StartAsync(
        ServerKind kind = ServerKind.TestServer,
        Action<CookieAuthenticationOptions>? cookie = null,
        bool isStoreFirst = true,
        bool hasTicketStore = true,
        IClusterSessionStore? store = null,
        Action<IServiceCollection>? services = null,
        Action<ClusterSessionOptions>? options = null,
        Action<WebApplication>? before = null
    ) =>
        StartAsync(
            Endpoints,
            options,
            store,
            before,
            services: collection =>
            {
                collection.AddSingleton<IDataProtectionProvider>(_protection);
                collection.AddAuthorization();
                if (hasTicketStore && isStoreFirst)
                {
                    collection.AddClusterSession().AddTicketStore();
                }

                collection
                    .AddAuthentication(CookieAuthenticationDefaults.AuthenticationScheme)
                    .AddCookie(cookie ?? (static _ => { }));
                if (hasTicketStore && !isStoreFirst)
                {
                    collection.AddClusterSession().AddTicketStore();
                }

                services?.Invoke(collection);
            },
            kind: kind
        );

    /// <summary>A browser that has logged in at a node.</summary>
    protected static async Task<LoginBrowser> LogInAsync(string name, TestNode at)
    {
        var browser = new LoginBrowser();
        await browser.GetAsync($"/login/{name}", at);
        return browser;
    }

    protected static Task SignInAsync(HttpContext context, string name, AuthenticationProperties? properties = null) =>
        context.SignInAsync(
            CookieAuthenticationDefaults.AuthenticationScheme,
            new ClaimsPrincipal(
                new ClaimsIdentity(
                    [new Claim(ClaimTypes.NameIdentifier, name), new Claim(ClaimTypes.Name, name)],
                    "test"
                )
            ),
            properties
        );

    private static void Endpoints(IEndpointRouteBuilder endpoints)
    {
        endpoints.MapGet("/login/{name}", (HttpContext context, string name) => SignInAsync(context, name));
        endpoints.MapGet("/remember/{name}/{days:int}", (HttpContext context, string name, int days) =>
            SignInAsync(
                context,
                name,
                new()
                {
                    IsPersistent = true,
                    ExpiresUtc = context.RequestServices.GetRequiredService<TimeProvider>().GetUtcNow().AddDays(days),
                }
            )
        );
        endpoints.MapGet("/logout", (HttpContext context) => context.SignOutAsync());
        endpoints.MapGet("/switch/{name}", async (HttpContext context, string name) =>
        {
            await context.SignOutAsync();
            await SignInAsync(context, name);
        });
        endpoints.MapGet("/twice/{name}", async (HttpContext context, string name) =>
        {
            await SignInAsync(context, name);
            await context.SignOutAsync();
        });
        endpoints.MapGet("/others", async (HttpContext context, ISessionManager sessions) =>
            await sessions.EndAllAsync(context.User.Identity!.Name!, exceptCurrent: context)
        );
        endpoints.MapGet("/password", async (HttpContext context, ISessionManager sessions) =>
        {
            var name = context.User.Identity!.Name!;
            await sessions.EndAllAsync(name, exceptCurrent: context);
            await SignInAsync(context, name);
        });
        endpoints.MapGet("/reset/{name}", async (HttpContext context, string name, ISessionManager sessions) =>
        {
            await sessions.EndAllAsync(name);
            await SignInAsync(context, name);
        });
        endpoints.MapGet("/me", (HttpContext context) => context.User.Identity?.Name ?? "nobody");
        endpoints
            .MapGet("/secret", (HttpContext context) => context.User.Identity?.Name ?? "nobody")
            .RequireAuthorization();
    }
}
