using ClusterSession.Failover.Documents;

namespace ClusterSession.Failover.Sights;

/// <summary>How far a Redis had come when it was seen last.</summary>
/// <param name="At">When it answered.</param>
/// <param name="Point">Its history, and its offset in it.</param>
internal sealed record LastPosition(DateTimeOffset At, HistoryPoint Point);
