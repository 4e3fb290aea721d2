namespace ClusterSession.Failover.Documents;

/// <summary>
/// A point of a history: a Redis has everything of the history up to this offset. Redis itself
/// remembers only its last former history, and a target that follows a source first passes through
/// two.
/// </summary>
/// <param name="Id">Replication id.</param>
/// <param name="Offset">The last offset that is contained.</param>
internal sealed record HistoryPoint(string Id, long Offset);
