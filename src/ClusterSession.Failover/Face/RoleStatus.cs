namespace ClusterSession.Failover.Face;

/// <summary>GET /primary, /replica and /read-only.</summary>
/// <param name="Role">What the Redis beside this agent is.</param>
/// <param name="Reason">Why the answer is what it is, as a sentence.</param>
/// <param name="Epoch">Number of the lease that is counted, or epoch of the data; 0: none.</param>
internal sealed record RoleStatus(MemberRole Role, string Reason, long Epoch);
