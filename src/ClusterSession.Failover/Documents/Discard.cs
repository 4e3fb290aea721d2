namespace ClusterSession.Failover.Documents;

/// <summary>
/// Data that the operator discarded. What the member gets later, as a master, is not part of it.
/// </summary>
/// <param name="Member">Name of the member.</param>
/// <param name="Epoch">The highest epoch of its data that was discarded.</param>
internal sealed record Discard(string Member, long Epoch);
