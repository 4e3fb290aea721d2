using ClusterSession.Cli.Output;
using ClusterSession.Cli.Shell;
using ClusterSession.Cli.Watching;
using ClusterSession.Failover;
using ClusterSession.Failover.Hosting;
using ClusterSession.Failover.Options;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace ClusterSession.Cli.Running;

/// <summary>The processes that the tool can be.</summary>
internal static class RunHost
{
    private const string Urls = "Urls";
    private const string Endpoints = "Kestrel:Endpoints";

    /// <summary>
    /// An agent, listening on the port of its own address unless the settings say otherwise.
    /// </summary>
    public static WebApplication Agent(RunSettings settings, OutputFormat format)
    {
        var options = settings.Failover();
        var own = options.Members.FirstOrDefault(member => member.Name == options.Name)?.Agent;
        var builder = Builder(settings, own, format);
        builder.Services.AddZooKeeperCoordinator().AddEtcdCoordinator().AddClusterSessionFailover();
        var app = builder.Build();
        app.MapClusterSessionFailover();
        return app;
    }

    /// <summary>
    /// A voter, listening on the port of its own address unless the settings say otherwise.
    /// </summary>
    /// <exception cref="ToolException">The settings name no voter, name another coordination store,
    /// or have a mistake.</exception>
    public static WebApplication Voter(RunSettings settings, OutputFormat format)
    {
        var options = settings.Failover();
        if (options.ReadErrors.Count > 0)
        {
            throw new ToolException(
                ExitCode.Usage,
                string.Join(" ", options.ReadErrors),
                "Correct the settings: docs/settings.md has them all."
            );
        }

        if (options.Coordinator is not null)
        {
            throw new ToolException(
                ExitCode.Usage,
                $"{FailoverConfiguration.Section}:Coordinator is set, and that store has votes of its own.",
                "Run no voter. Where the agents and a voter are to be the store, remove Coordinator on all of them."
            );
        }

        var voter = options.Voter
            ?? throw new ToolException(
                ExitCode.Usage,
                $"{FailoverConfiguration.Section}:Voter is not set.",
                "Set it to the address of this process, as https://host:port, alike on all members."
            );
        var builder = Builder(settings, voter, format);
        builder.Services.AddRaftCoordinator(raft =>
        {
            foreach (var member in options.Store())
            {
                raft.Members.Add(member);
            }

            (raft.Self, raft.Directory, raft.Secret) = (voter, options.Directory, options.Secret);
        });
        var app = builder.Build();
        app.MapRaftCoordinator();
        return app;
    }

    /// <summary>
    /// A follower. No member's address is its own, so the settings say where it listens.
    /// </summary>
    /// <exception cref="ToolException">They do not.</exception>
    public static WebApplication Follower(RunSettings settings, OutputFormat format)
    {
        RequireAddress(settings, "this follower is asked, such as http://*:7400: Members does not name it.");
        var builder = Builder(settings, own: null, format);
        builder.Services.AddClusterSessionFollower();
        var app = builder.Build();
        app.MapClusterSessionFollower();
        return app;
    }

    /// <summary>
    /// A watcher of a Sentinel site. Nobody else names its address, so the settings say where it
    /// listens.
    /// </summary>
    /// <exception cref="ToolException">They do not, or have a mistake.</exception>
    public static WebApplication Watcher(RunSettings settings, OutputFormat format)
    {
        var watched = SentinelWatchSettings.Read(settings.Configuration);
        RequireAddress(settings, "this watcher is asked, such as http://*:7400.");
        var builder = Builder(settings, own: null, format);
        builder.Services.AddSentinelWatch(watched);
        var app = builder.Build();
        app.MapSentinelWatch();
        return app;
    }

    private static void RequireAddress(RunSettings settings, string where)
    {
        if (settings.Configuration[Urls] is null && !settings.Configuration.GetSection(Endpoints).Exists())
        {
            throw new ToolException(
                ExitCode.Usage,
                $"Neither {Urls} nor {Endpoints} is set.",
                $"Set Urls to where {where}"
            );
        }
    }

    private static WebApplicationBuilder Builder(RunSettings settings, Uri? own, OutputFormat format)
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.Configuration.AddConfiguration(settings.Configuration);
        builder.Logging.AddConfiguration(settings.Configuration.GetSection("Logging"));
        if (format == OutputFormat.Json)
        {
            builder.Logging.AddJsonConsole(console => (console.TimestampFormat, console.UseUtcTimestamp) = ("O", true));
        }
        else
        {
            builder.Logging.AddSimpleConsole(console => console.SingleLine = true);
        }

        if (settings.Configuration["Logging:LogLevel:Microsoft.AspNetCore"] is null)
        {
            builder.Logging.AddFilter("Microsoft.AspNetCore", LogLevel.Warning);
        }

        builder.Services.AddRoutingCore();
        builder
            .WebHost.UseKestrelCore()
            .UseKestrelHttpsConfiguration()
            .ConfigureKestrel(kestrel => kestrel.Configure(settings.Configuration.GetSection("Kestrel")));
        if (settings.Configuration[Urls] is { } urls)
        {
            builder.WebHost.UseUrls(urls.Split(';'));
        }
        else if (own is not null && !settings.Configuration.GetSection(Endpoints).Exists())
        {
            builder.WebHost.UseUrls($"{own.Scheme}://*:{own.Port}");
        }

        return builder;
    }
}
