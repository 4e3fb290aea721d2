namespace ClusterSession.Failover.Documents;

/// <summary>
/// Data that the operator gave up. What the member gets later, as a master, is not part of it.
/// </summary>
/// <param name="Member">Name of the member.</param>
/// <param name="Epoch">The highest epoch of its data that was given up.</param>
internal sealed record Discard(string Member, long Epoch);
