using ClusterSession.ChaosNode.Broken;
using ClusterSession.TestKit.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Caching.Distributed;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace ClusterSession.ChaosNode;

/// <summary>Puts the application together.</summary>
public static class ChaosApplication
{
    public static WebApplication Build(string[] args)
    {
        var builder = WebApplication.CreateSlimBuilder(args);
        var settings = NodeSettings.From(builder.Configuration);
        builder.Logging.ClearProviders();
        builder
            .Logging.AddSimpleConsole(o => (o.SingleLine, o.TimestampFormat) = (true, "HH:mm:ss.fff "))
            .SetMinimumLevel(LogLevel.Warning)
            .AddFilter("Microsoft.Hosting.Lifetime", LogLevel.Information);
        builder.Services.AddSingleton(settings);
        builder.Services.AddSingleton<Rendezvous>();
        builder.Services.AddHostedService<ParentWatch>();
        builder.Services.AddSingleton(new NodeCounters());
        if (settings.ClockOffset != TimeSpan.Zero)
        {
            builder.Services.AddSingleton<TimeProvider>(new ShiftedTime(settings.ClockOffset));
        }

        AddSessions(builder.Services, settings);

        var app = builder.Build();
        app.UseMiddleware<CommitHeaders>();
        if (settings.Mode == SessionMode.AddSession)
        {
            app.UseSession();
        }
        else
        {
            if (settings.Broken.HasFlag(BrokenPart.Token))
            {
                app.UseMiddleware<TokenEraser>();
            }
            Login.ByQuery(app);
            app.UseClusterSession();
        }
        NodeEndpoints.Map(app);
        return app;
    }

    private static void AddSessions(IServiceCollection services, NodeSettings settings)
    {
        switch (settings)
        {
            case { Mode: SessionMode.AddSession, Store: NodeSettings.InMemory }:
                services.AddDistributedMemoryCache().AddSession();
                break;
            case { Mode: SessionMode.AddSession }:
                services.AddSingleton<IDistributedCache>(new PlainRedisCache(settings.Store)).AddSession();
                services.AddDataProtection(settings);
                break;
            case { Store: NodeSettings.InMemory }:
                services.AddClusterSession().UseInMemory();
                break;
            default:
                services.AddClusterSession().UseRedis(BrokenServices.StoreOf(settings));
                services.Break(settings.Broken);
                break;
        }
    }
}
