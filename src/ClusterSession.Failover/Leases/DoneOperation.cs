using ClusterSession.Failover.Coordination;

namespace ClusterSession.Failover.Leases;

/// <summary>A change that was made, for a repeat of it.</summary>
/// <param name="Id">Its id.</param>
/// <param name="Epoch">Epoch after it.</param>
/// <param name="Version">Version of the document after it.</param>
internal readonly record struct DoneOperation(OperationId Id, long Epoch, long Version);
