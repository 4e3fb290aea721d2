namespace ClusterSession.Failover.Face;

/// <summary>What was known of a Redis that is not responding, when it responded last.</summary>
/// <param name="At">When that was.</param>
/// <param name="AheadBytes">How many bytes of its history the present master does not have; null:
/// unknown, or of another history.</param>
internal sealed record LastPositionStatus(DateTimeOffset At, long? AheadBytes);
