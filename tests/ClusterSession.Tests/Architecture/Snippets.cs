using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
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
}
