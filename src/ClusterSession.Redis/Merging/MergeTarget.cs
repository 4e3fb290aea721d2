using ClusterSession.Redis.Connection.Fencing;

namespace ClusterSession.Redis.Merging;

/// <summary>The Redis that is merged into: a master.</summary>
/// <param name="Connection">
/// How to reach it: one endpoint, user, password, TLS and database, as a connection string names
/// them.
/// </param>
/// <param name="Tenure">
/// Which process rules under which lease: every write is fenced by exactly that, and another
/// process at the endpoint is refused. Null: by the record that the target shows; where it shows
/// none, writes are not fenced.
/// </param>
internal sealed record MergeTarget(RedisOptions Connection, Tenure? Tenure = null);
