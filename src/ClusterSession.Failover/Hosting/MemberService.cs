using ClusterSession.Failover.Raft;
using Microsoft.Extensions.Hosting;

namespace ClusterSession.Failover.Hosting;

/// <summary>Runs the agent's own member of the coordination store.</summary>
/// <param name="member">The member; null: the store is one that the site has already.</param>
internal sealed class MemberService(RaftMember? member) : IHostedService
{
    public Task StartAsync(CancellationToken cancellationToken) =>
        member?.StartAsync(cancellationToken) ?? Task.CompletedTask;

    public Task StopAsync(CancellationToken cancellationToken) =>
        member?.StopAsync(cancellationToken) ?? Task.CompletedTask;
}
