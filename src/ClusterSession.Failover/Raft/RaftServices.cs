using System.Diagnostics;
using DotNext.IO.Log;
using DotNext.Net.Cluster.Consensus.Raft;
using DotNext.Net.Cluster.Consensus.Raft.Http;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace ClusterSession.Failover.Raft;

/// <summary>The provider of the library's own services.</summary>
internal static class RaftServices
{
    /// <summary>Below the server's address.</summary>
    public const string Path = "/cluster-session/raft";

    public static ServiceProvider Build(
        RaftCoordinatorOptions options,
        DurableLog log,
        IHttpMessageHandlerFactory handlers,
        ILoggerFactory loggers,
        IHostEnvironment environment
    ) =>
        new ServiceCollection()
            .AddOptions()
            .AddMetrics()
            .AddSingleton<ILoggerFactory>(new QuietLoggerFactory(loggers))
            .AddSingleton(typeof(ILogger<>), typeof(Logger<>))
            .AddSingleton(environment)
            .AddSingleton(new DiagnosticListener("ClusterSession.Failover"))
            .AddSingleton(handlers)
            .AddSingleton<IPersistentState>(log)
            .AddSingleton<IAuditTrail<IRaftLogEntry>>(log)
            .UseInMemoryConfigurationStorage(servers =>
            {
                foreach (var server in options.Members)
                {
                    servers.Add(new UriEndPoint(new Uri(server, Path)));
                }
            })
            .ConfigureLocalNode(server =>
            {
                server.PublicEndPoint = new Uri(options.Self!, Path);
                server.ColdStart = false;
                server.LowerElectionTimeout = (int)options.LowerElectionTimeout.TotalMilliseconds;
                server.UpperElectionTimeout = (int)options.UpperElectionTimeout.TotalMilliseconds;
                server.RpcTimeout = options.RpcTimeout;
                server.RequestTimeout = TimeSpan.FromSeconds(1);
                server.AggressiveLeaderStickiness = true;
            })
            .BuildServiceProvider();

    /// <summary>What answers the messages of the library's protocol.</summary>
    public static RequestDelegate Pipeline(IServiceProvider services) =>
        new ApplicationBuilder(services).UseConsensusProtocolHandler().Build();
}
