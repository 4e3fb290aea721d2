namespace ClusterSession.Failover.Face;

/// <summary>The coordination store, as one agent sees it.</summary>
/// <param name="IsReachable">Whether it responded at the last look.</param>
/// <param name="IsLeader">Whether this process leads it.</param>
/// <param name="IsVoter">Whether this process votes in it: it has data.</param>
/// <param name="Voter">Address of its member without Redis; null: there is none.</param>
internal sealed record StoreStatus(bool IsReachable, bool IsLeader, bool IsVoter, string? Voter = null);
