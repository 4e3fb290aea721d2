namespace ClusterSession.Redis.Connection;

/// <summary>A server's part in replication.</summary>
internal enum RedisRole
{
    /// <summary>The server did not say.</summary>
    Unknown,

    /// <summary>Takes writes.</summary>
    Master,

    /// <summary>Follows a master.</summary>
    Replica,

    /// <summary>Watches masters; holds no data.</summary>
    Sentinel,
}
