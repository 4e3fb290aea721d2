namespace ClusterSession.Failover.Documents;

/// <summary>A Redis and its agent.</summary>
/// <param name="Name">Name of both, and of the agent as holder of the lease.</param>
/// <param name="Redis">Endpoint of the Redis, as host:port.</param>
/// <param name="Agent">Address of the agent.</param>
/// <param name="Kind">What the Redis may become.</param>
internal sealed record ClusterMember(string Name, string Redis, string Agent, MemberKind Kind);
