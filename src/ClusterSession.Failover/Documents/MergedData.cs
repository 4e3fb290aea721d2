namespace ClusterSession.Failover.Documents;

/// <summary>
/// Data of one process that was merged into a master. It proves nothing about another process, nor
/// about the same master under another lease: what was merged may have been lost with the lease
/// before.
/// </summary>
/// <param name="Target">Run id of the master.</param>
/// <param name="Epoch">Number of its lease.</param>
/// <param name="Source">Run id of the process whose data was merged.</param>
internal sealed record MergedData(string Target, long Epoch, string Source);
