namespace ClusterSession.Failover.Sights;

/// <summary>Whether a Redis answers.</summary>
internal enum RedisReach
{
    /// <summary>It did not answer in time: dead, frozen, loading, or cut off.</summary>
    Unreachable,

    /// <summary>
    /// Its host refused the connection: there is no such process any more, and the next one has
    /// another run id.
    /// </summary>
    Refused,

    /// <summary>It answered.</summary>
    Reachable,
}
