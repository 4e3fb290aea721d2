namespace ClusterSession.Failover.Documents;

/// <summary>
/// A member that does not follow the master. Its data is as old as <paramref name="Since"/>, by the
/// clock of others. Its own clock says nothing, since its host may have stood still.
/// </summary>
/// <param name="Member">Name of the member.</param>
/// <param name="Since">When it was last seen in step.</param>
internal sealed record Absence(string Member, DateTimeOffset Since);
