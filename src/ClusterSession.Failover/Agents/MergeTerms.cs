namespace ClusterSession.Failover.Agents;

/// <summary>Under which terms a member's data is merged into the master.</summary>
/// <param name="Since">
/// When that data was last in touch with the cluster's, by the clock of another member: what has
/// ended or expired since is not to come back.
/// </param>
/// <param name="Replicas">
/// How many replicas follow the master with their link up. They are waited for at the end; how many
/// have it then is reported.
/// </param>
internal sealed record MergeTerms(DateTimeOffset Since, int Replicas);
