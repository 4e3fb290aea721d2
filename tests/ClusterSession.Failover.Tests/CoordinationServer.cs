using ClusterSession.Failover;
using ClusterSession.Failover.Coordination;
using ClusterSession.Failover.Raft;
using ClusterSession.TestKit.Logging;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace ClusterSession.Failover.Tests;

/// <summary>A member in this process: an application with Kestrel on a loopback port.</summary>
internal sealed class CoordinationServer : IAsyncDisposable
{
    private readonly WebApplication _app;

    private CoordinationServer(WebApplication app, CapturedLogs logs)
    {
        _app = app;
        Logs = logs;
        Coordinator = app.Services.GetRequiredService<IFailoverCoordinator>();
        Member = app.Services.GetRequiredService<RaftServer>();
    }

    public IFailoverCoordinator Coordinator { get; }

    public RaftServer Member { get; }

    public CapturedLogs Logs { get; }

    public static async Task<CoordinationServer> StartAsync(
        Action<RaftCoordinatorOptions> configure,
        Uri self,
        Action<IWebHostBuilder>? host = null
    )
    {
        var logs = new CapturedLogs();
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders().AddProvider(logs);
        if (host is null)
        {
            builder.WebHost.UseUrls(self.ToString());
        }
        else
        {
            host(builder.WebHost);
        }

        builder.Services.AddRaftCoordinator(configure);
        var app = builder.Build();
        app.MapRaftCoordinator();
        await app.StartAsync();
        return new CoordinationServer(app, logs);
    }

    /// <summary>In order: the store is closed.</summary>
    public async ValueTask DisposeAsync()
    {
        await _app.StopAsync();
        await _app.DisposeAsync();
    }
}
