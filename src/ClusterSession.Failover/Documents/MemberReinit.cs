namespace ClusterSession.Failover.Documents;

/// <summary>
/// A member whose data is to be replaced by a full synchronisation; it ends with the lease.
/// </summary>
/// <param name="Member">Name of the member.</param>
/// <param name="Step">The step that is being done, or is done.</param>
internal sealed record MemberReinit(string Member, ReinitStep Step);
