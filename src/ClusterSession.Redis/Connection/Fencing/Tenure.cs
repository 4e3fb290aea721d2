namespace ClusterSession.Redis.Connection.Fencing;

/// <summary>
/// One process of Redis as master under one lease. Neither that process under another lease nor
/// another process is the same tenure. Immutable.
/// </summary>
/// <param name="RunId">Which process: run_id, new with each start.</param>
/// <param name="Epoch">The number of the lease.</param>
internal readonly record struct Tenure(string RunId, long Epoch);
