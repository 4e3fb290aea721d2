namespace ClusterSession.Failover.Documents;

/// <summary>One process of a member's Redis: a restart makes another of it.</summary>
/// <param name="Member">Name of the member.</param>
/// <param name="RunId">Run id of the process.</param>
internal sealed record RedisProcess(string Member, string RunId);
