namespace ClusterSession.Redis.Merging;

/// <summary>The Redis that is merged from. Nothing is written to it.</summary>
/// <param name="Connection">
/// How to reach it: one endpoint, user, password, TLS and database, as a connection string names
/// them.
/// </param>
internal sealed record MergeSource(RedisOptions Connection);
