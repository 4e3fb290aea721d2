using System.Security.Claims;
using ClusterSession.TestKit.Nodes;
using ClusterSession.Tests.Hosting;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;
using Microsoft.Extensions.DependencyInjection;

namespace ClusterSession.Tests.Architecture;

/// <summary>
/// Every C# block of the documentation, compiled. A test compares the regions here with the blocks there, so that neither changes
/// alone.
/// </summary>
internal static class Snippets
{
    public static void QuickStart(string[] args)
    {
        #region README.md
        var builder = WebApplication.CreateBuilder(args);
        builder.Services.AddClusterSession(o => o.IdleTimeout = TimeSpan.FromMinutes(20))
            .UseRedis("localhost:6379");

        var app = builder.Build();
        app.UseClusterSession();
        app.MapGet("/", (HttpContext context) =>
        {
            var visits = (context.Session.GetInt32("visits") ?? 0) + 1;
            context.Session.SetInt32("visits", visits);
            return $"Visit {visits}";
        });
        app.Run();
        #endregion
    }

    public static void Settings(WebApplicationBuilder builder)
    {
        #region docs/moving-from-addsession.md
        builder.Services.AddClusterSession(options =>
        {
            options.IdleTimeout = TimeSpan.FromMinutes(30);
            options.Cookie.Name = ".Shop.Session";
            options.Cookie.IsEssential = true;
        }).UseRedis();
        #endregion
    }

    public static void Strict(WebApplicationBuilder builder)
    {
        #region SECURITY.md
        builder.Services.AddClusterSession(options =>
        {
            options.IdleTimeout = TimeSpan.FromMinutes(15);
            options.AbsoluteTimeout = TimeSpan.FromHours(8);
            options.Cookie.Name = "__Host-session";
            options.Cookie.SecurePolicy = CookieSecurePolicy.Always;
            options.Cookie.SameSite = SameSiteMode.Strict;
        }).UseRedis().ProtectKeysWith(builder.Configuration["SessionKeySecret"]);
        #endregion
    }

    public static void MinimalApi(WebApplication app)
    {
        #region docs/moving-from-addsession.md
        app.MapGet("/unread", (HttpContext context) => context.Session.GetInt32("unread") ?? 0)
            .WithSessionAccess(SessionConcurrency.ReadOnly, prolongs: false);
        #endregion
    }

    public static void Login(WebApplication app)
    {
        #region docs/moving-from-addsession.md
        app.MapPost("/login", async (HttpContext context) =>
        {
            context.Session.SetString("welcome", "back"); // Kept, under the new id.
            await context.SignInAsync(Authenticate(context));
            return Results.Redirect("/");
        });
        app.MapPost("/logout", async (HttpContext context) =>
        {
            await context.SignOutAsync();
            await context.GetClusterSession().DestroyAsync();
            return Results.Redirect("/");
        });
        #endregion
    }

    public static void HealthServices(WebApplicationBuilder builder)
    {
        #region docs/behind-a-balancer.md
        builder.Services.AddHealthChecks().AddClusterSession();
        #endregion
    }

    public static void HealthEndpoint(WebApplication app)
    {
        #region docs/behind-a-balancer.md
        app.MapHealthChecks("/health").WithSessionAccess(SessionConcurrency.None);
        #endregion
    }

    public static void CoreServices(WebApplicationBuilder builder)
    {
        #region src/ClusterSession/README.md
        builder.Services.AddClusterSession();
        #endregion
    }

    public static void CorePipeline(WebApplication app)
    {
        #region src/ClusterSession/README.md
        app.UseClusterSession();
        #endregion
    }

    public static void RedisServices(WebApplicationBuilder builder)
    {
        #region src/ClusterSession.Redis/README.md
        builder.Services.AddClusterSession().UseRedis();
        #endregion
    }

    public static void RedisPipeline(WebApplication app)
    {
        #region src/ClusterSession.Redis/README.md
        app.UseClusterSession();
        #endregion
    }

    private static ClaimsPrincipal Authenticate(HttpContext context) => context.User;

    #region docs/moving-from-addsession.md
    [SessionAccess(SessionConcurrency.ReadOnly, Prolongs = false)]
    public sealed class StatusController : Controller
    {
        public IActionResult Index() => Ok(HttpContext.Session.GetInt32("unread") ?? 0);
    }
    #endregion
}
