using ClusterSession.Failover.Documents;

namespace ClusterSession.Failover.Face;

/// <summary>A switch that an operator asked for, or the way back.</summary>
/// <param name="Step">The step that is being done.</param>
/// <param name="From">The master that hands over; null: nobody holds the lease.</param>
/// <param name="To">Who is to be master; null: the most advanced candidate.</param>
/// <param name="Since">When it was asked for.</param>
internal sealed record SwitchStatus(SwitchStep Step, string? From, string? To, DateTimeOffset Since);
