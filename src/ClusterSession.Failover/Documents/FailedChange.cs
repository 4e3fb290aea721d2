namespace ClusterSession.Failover.Documents;

/// <summary>
/// A change that its target could not complete, kept as long as it counts against it.
/// </summary>
/// <param name="Member">Who was to become master.</param>
/// <param name="At">When it was given up.</param>
internal sealed record FailedChange(string Member, DateTimeOffset At);
