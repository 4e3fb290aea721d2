using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace ClusterSession.Cli.Tests.Generating;

/// <summary>
/// A node of the application with the generated settings: it counts the visits of a session.
/// </summary>
internal sealed class SiteNode : IAsyncDisposable
{
    private readonly WebApplication _app;

    private SiteNode(WebApplication app) => _app = app;

    public static async Task<SiteNode> StartAsync(LoopbackSite site, string name)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.Configuration.AddJsonFile(site.File("application/appsettings.json"), optional: false);
        builder.WebHost.UseKestrel(options => options.Listen(IPAddress.Loopback, site.Ports[name]));
        builder.Services.AddClusterSession().UseRedis();
        var app = builder.Build();
        app.UseClusterSession();
        app.MapGet("/", (Delegate)(async (HttpContext context) => await VisitAsync(context, name)));
        await app.StartAsync();
        return new SiteNode(app);
    }

    public ValueTask DisposeAsync() => _app.DisposeAsync();

    private static Task<string> VisitAsync(HttpContext context, string name)
    {
        var visits = (context.Session.GetInt32("visits") ?? 0) + 1;
        context.Session.SetInt32("visits", visits);
        return Task.FromResult($"{name} {visits}");
    }
}
