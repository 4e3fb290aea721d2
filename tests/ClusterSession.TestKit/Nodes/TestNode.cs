using System.Net;
using ClusterSession.Stores;
using ClusterSession.Stores.InMemory;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.AspNetCore.TestHost;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace ClusterSession.TestKit.Nodes;

/// <summary>An application with sessions, over TestServer if nothing else is said. Several of them
/// that share an <see cref="InMemorySessions"/> are a cluster.</summary>
public sealed class TestNode : IAsyncDisposable
{
    private readonly WebApplication _app;

    private readonly ServerKind _kind;

    private TestNode(WebApplication app, ServerKind kind) => (_app, _kind) = (app, kind);

    public IServiceProvider Services => _app.Services;

    public TestServer Server => _app.GetTestServer();

    public static Task<TestNode> StartAsync(
        InMemorySessions sessions,
        Action<IEndpointRouteBuilder>? endpoints = null,
        Action<ClusterSessionOptions>? options = null,
        Action<IServiceCollection>? services = null,
        Action<WebApplication>? before = null,
        Action<WebApplication>? after = null,
        ServerKind kind = ServerKind.TestServer
    ) => StartAsync(new InMemorySessionStore(sessions), endpoints, options, services, before, after, kind);

    /// <summary>Starts a node.</summary>
    /// <param name="store">Its store.</param>
    /// <param name="endpoints">Endpoints besides the usual ones.</param>
    /// <param name="options">Changes the options.</param>
    /// <param name="services">Adds services before those of the sessions.</param>
    /// <param name="before">Middleware around the sessions.</param>
    /// <param name="after">Middleware between the sessions and the endpoints.</param>
    /// <param name="kind">The server.</param>
    public static async Task<TestNode> StartAsync(
        IClusterSessionStore store,
        Action<IEndpointRouteBuilder>? endpoints = null,
        Action<ClusterSessionOptions>? options = null,
        Action<IServiceCollection>? services = null,
        Action<WebApplication>? before = null,
        Action<WebApplication>? after = null,
        ServerKind kind = ServerKind.TestServer
    )
    {
        var builder = WebApplication.CreateSlimBuilder();
        if (kind == ServerKind.Kestrel)
        {
            builder.WebHost.UseUrls("http://127.0.0.1:0");
        }
        else
        {
            builder.WebHost.UseTestServer();
        }

        if (kind is ServerKind.LikeIis or ServerKind.LikeHttpSys)
        {
            builder.Services.AddSingleton<IStartupFilter>(new CallbackOrder(kind));
        }

        builder.Logging.ClearProviders();
        services?.Invoke(builder.Services);
        builder.Services.AddClusterSession(options ?? (static _ => { })).UseStore(_ => store);
        var app = builder.Build();
        before?.Invoke(app);
        app.UseClusterSession();
        after?.Invoke(app);
        MapDefaults(app);
        endpoints?.Invoke(app);
        await app.StartAsync();
        return new TestNode(app, kind);
    }

    /// <summary>A client that follows no redirect and keeps no cookie.</summary>
    public HttpClient CreateClient() =>
        _kind == ServerKind.Kestrel
            ? new HttpClient(new SocketsHttpHandler { UseCookies = false, AllowAutoRedirect = false })
            {
                BaseAddress = new Uri(_app.Urls.Single()),
            }
            : Server.CreateClient();

    /// <summary>A browser with an empty cookie jar.</summary>
    public TestBrowser Browser() => new(this);

    /// <summary>
    /// Shuts down in order, as after SIGTERM; disposing of a node is more of a kill.
    /// </summary>
    public Task DrainAsync() => _app.StopAsync();

    public async ValueTask DisposeAsync() => await _app.DisposeAsync();

    private static void MapDefaults(WebApplication app)
    {
        app.MapGet("/untouched", () => "untouched");
        app.MapGet("/get/{key}", (HttpContext context, string key) => context.Session.GetString(key) ?? "");
        app.MapGet("/set/{key}/{value}", (HttpContext context, string key, string value) =>
        {
            context.Session.SetString(key, value);
            return value;
        });
        app.MapGet("/remove/{key}", (HttpContext context, string key) =>
        {
            context.Session.Remove(key);
            return "";
        });
        app.MapGet("/keys", (HttpContext context) => string.Join(",", context.Session.Keys.Order()));
        app.MapGet("/source", (HttpContext context) => context.GetClusterSession().Source.ToString());
        app.MapGet("/regressed", (HttpContext context) => context.GetClusterSession().IsRegressed.ToString());
        app.MapGet("/rotate", async (HttpContext context) => await context.GetClusterSession().RotateIdAsync());
        app.MapGet("/destroy", async (HttpContext context) => await context.GetClusterSession().DestroyAsync());
    }
}
