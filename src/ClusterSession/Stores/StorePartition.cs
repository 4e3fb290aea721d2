namespace ClusterSession.Stores;

/// <summary>
/// One of the parts into which a store divides its keys, each of which can fail and be replaced
/// alone: a shard of a Redis Cluster, a server of a list. Most stores have one.
/// </summary>
/// <param name="Number">
/// 0 or a small number: nodes keep what they know of partitions in a table by this number. A server
/// that takes the place of another keeps its number. The number of a partition that is gone may be
/// used again.
/// </param>
/// <param name="Name">What logs, metrics and health call it, such as the address of its
/// server.</param>
public readonly record struct StorePartition(int Number, string Name)
{
    /// <summary>
    /// Whether each use of a local copy asks the store, because it does not announce changes where
    /// it could. Default false.
    /// </summary>
    public bool IsRevalidated { get; init; }
}
