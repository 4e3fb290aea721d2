using System.Globalization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace ClusterSession.IntegrationTests.Balancers;

/// <summary>
/// An application on Kestrel that counts visits, and says in each answer which node it is.
/// </summary>
internal sealed class BalancedNode : IAsyncDisposable
{
    private readonly WebApplication _app;
    private int _requests;
    private int _writes;

    private BalancedNode(WebApplication app, string name, int port) => (_app, Name, Port) = (app, name, port);

    /// <summary>What it calls itself in <c>X-Node</c>.</summary>
    public string Name { get; }

    /// <summary>Where it listens.</summary>
    public int Port { get; }

    /// <summary>How many requests came here, without those for its health.</summary>
    public int Requests => Volatile.Read(ref _requests);

    /// <summary>
    /// How many requests that write have run here, whatever they were answered with.
    /// </summary>
    public int Writes => Volatile.Read(ref _writes);

    /// <summary>Starts it.</summary>
    public static async Task<BalancedNode> StartAsync(
        string name,
        string redis,
        Action<ClusterSessionOptions>? options = null
    )
    {
        var port = FreePort.Next();
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls($"http://127.0.0.1:{port.ToString(CultureInfo.InvariantCulture)}");
        builder.Services.AddClusterSession(options ?? (static _ => { })).UseRedis(redis);
        builder.Services.AddHealthChecks().AddClusterSession();
        var app = builder.Build();
        var node = new BalancedNode(app, name, port);
        app.Use(
            (context, next) =>
            {
                if (context.Request.Path == "/")
                {
                    Interlocked.Increment(ref node._requests);
                }

                context.Response.OnStarting(() =>
                {
                    context.Response.Headers["X-Node"] = name;
                    return Task.CompletedTask;
                });
                return next(context);
            }
        );
        app.UseClusterSession();
        app.MapHealthChecks("/health").WithSessionAccess(SessionConcurrency.None);
        app.MapGet("/", (HttpContext context) => Visits(context));
        app.MapPost("/", (HttpContext context) =>
        {
            Interlocked.Increment(ref node._writes);
            context.Session.SetInt32("visits", Visits(context) + 1);
            return Visits(context);
        });
        await app.StartAsync();
        return node;
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => _app.DisposeAsync();

    private static int Visits(HttpContext context) => context.Session.GetInt32("visits") ?? 0;
}
