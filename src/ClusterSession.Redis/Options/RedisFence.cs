namespace ClusterSession.Redis;

/// <summary>
/// What keeps writes away from a server that was master before: the nodes, or the server itself.
/// </summary>
public enum RedisFence
{
    /// <summary>
    /// By each node, which compares the replication histories and the generation kept with the
    /// data: see <see cref="RedisOptions.FenceTimeout"/>. The server itself refuses nothing. For
    /// servers that are switched over by Sentinel, by hand, or by a program that knows nothing of
    /// sessions.
    /// </summary>
    History,

    /// <summary>
    /// By the lease record that the agent beside the server keeps in it. Every write is checked by
    /// the server itself: one whose record is missing, expired, or names another process changes
    /// nothing. Costs one GET a write.
    /// </summary>
    Lease,
}
