namespace ClusterSession.Failover.Documents;

/// <summary>A failover that was completed, kept as long as it counts against its member.</summary>
/// <param name="Member">Who became master.</param>
/// <param name="At">When.</param>
internal sealed record Promotion(string Member, DateTimeOffset At);
