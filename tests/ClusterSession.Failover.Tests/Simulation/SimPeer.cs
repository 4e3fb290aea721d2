using ClusterSession.Failover.Agents;
using ClusterSession.Failover.Sights;

namespace ClusterSession.Failover.Tests.Simulation;

/// <summary>An agent's connection to another agent.</summary>
internal sealed class SimPeer(SimCluster cluster, SimHost from, SimProcess agent, SimHost to) : IAgentPeer
{
    public ValueTask<AgentSight> HearAsync(CancellationToken cancellation) =>
        AskAsync(() => new AgentSight(true, to.Agent?.Merge));

    public ValueTask<bool> PromiseAsync(
        long epoch,
        long adoptions,
        TimeSpan duration,
        CancellationToken cancellation
    ) => AskAsync(() => to.Agent!.TryPromise(epoch, adoptions, duration));

    private ValueTask<T> AskAsync<T>(Func<T> question) =>
        SimCall.SendAsync<T>(
            cluster,
            from,
            agent,
            () => cluster.IsCut(from, to),
            (answer, fail) =>
            {
                var process = to.AgentProcess;
                if (process.IsDead)
                {
                    fail();
                }

                process.Deliver(() => answer(question()));
            }
        );
}
