using ClusterSession.Failover.Coordination;

namespace ClusterSession.Failover.Agents;

/// <summary>What an agent is connected to.</summary>
/// <param name="Coordinator">The coordination store that all agents agree by.</param>
/// <param name="Redis">Its own Redis.</param>
/// <param name="Probes">The Redis of the other members, by name.</param>
/// <param name="Peers">The agents of the other members, by name.</param>
internal sealed record AgentLinks(
    IFailoverCoordinator Coordinator,
    IRedisControl Redis,
    IReadOnlyDictionary<string, IRedisProbe> Probes,
    IReadOnlyDictionary<string, IAgentPeer> Peers
);
