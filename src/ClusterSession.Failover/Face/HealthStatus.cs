namespace ClusterSession.Failover.Face;

/// <summary>GET /health.</summary>
/// <param name="IsHealthy">Whether nothing is wrong.</param>
/// <param name="Problems">What is wrong, each a sentence with its remedy.</param>
internal sealed record HealthStatus(bool IsHealthy, IReadOnlyList<string> Problems);
