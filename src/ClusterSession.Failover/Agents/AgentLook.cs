using ClusterSession.Failover.Deciding;

namespace ClusterSession.Failover.Agents;

/// <summary>What an agent saw, and what it decided by it. Immutable.</summary>
/// <param name="View">What it saw.</param>
/// <param name="Decision">What it is about to do, or does.</param>
/// <param name="At">When it had seen everything: a timestamp of <see
/// cref="Coordination.IFailoverCoordinator.Clock"/>.</param>
internal sealed record AgentLook(ClusterView View, Decision Decision, long At);
