namespace ClusterSession.Redis.Topology;

/// <summary>A part of the keys that one server serves, and another one after a failover.</summary>
/// <param name="Number">Stays the same through failovers; 0: of one server for all keys, or keys
/// whose owner is not known.</param>
/// <param name="Endpoint">Who serves it now; null: the server of all keys, or nobody who is
/// known.</param>
internal readonly record struct RedisPartition(int Number, RedisEndpoint? Endpoint);
