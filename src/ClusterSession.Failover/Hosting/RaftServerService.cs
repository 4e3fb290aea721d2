using ClusterSession.Failover.Raft;
using Microsoft.Extensions.Hosting;

namespace ClusterSession.Failover.Hosting;

/// <summary>Runs the agent's own server of the coordination store.</summary>
/// <param name="server">The server; null: the store is one that the site has already.</param>
internal sealed class RaftServerService(RaftServer? server) : IHostedService
{
    public Task StartAsync(CancellationToken cancellationToken) =>
        server?.StartAsync(cancellationToken) ?? Task.CompletedTask;

    public Task StopAsync(CancellationToken cancellationToken) =>
        server?.StopAsync(cancellationToken) ?? Task.CompletedTask;
}
