using ClusterSession.Redis.Connection.Fencing;

namespace ClusterSession.Redis.Merging;

/// <summary>The Redis that is merged into: a master.</summary>
/// <param name="Connection">
/// How to reach it: one endpoint, user, password, TLS and database, as a connection string names
/// them.
/// </param>
/// <param name="Lease">
/// Under which lease it rules: every write is fenced by exactly that record, and another process at
/// the endpoint is refused. Null: by the record that the target shows; where it shows none, writes
/// are not fenced.
/// </param>
internal sealed record MergeTarget(RedisOptions Connection, LeaseRecord? Lease = null);
