namespace ClusterSession.Failover.Documents;

/// <summary>
/// A history of which a master had everything up to there. Redis itself remembers the last one
/// only, and a target that follows a source first passes through two.
/// </summary>
/// <param name="Id">Replication id.</param>
/// <param name="Offset">The last offset that is contained.</param>
internal sealed record HistoryPoint(string Id, long Offset);
