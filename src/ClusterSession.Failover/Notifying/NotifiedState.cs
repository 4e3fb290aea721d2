namespace ClusterSession.Failover.Notifying;

/// <summary>What keepalived has become on a host.</summary>
internal enum NotifiedState
{
    /// <summary>It has the address: its Redis takes writes.</summary>
    Master,

    /// <summary>Another host has the address: the Redis follows there.</summary>
    Backup,

    /// <summary>It may not have the address: the Redis is closed.</summary>
    Fault,

    /// <summary>keepalived ends: the Redis is closed.</summary>
    Stop,
}
