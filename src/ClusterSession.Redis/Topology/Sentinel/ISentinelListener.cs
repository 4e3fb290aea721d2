namespace ClusterSession.Redis.Topology.Sentinel;

/// <summary>Whom the pollers work for. Thread-safe.</summary>
internal interface ISentinelListener
{
    /// <summary>Name of the master.</summary>
    string Service { get; }

    /// <summary>Whether the master is connected to now: then nothing waits for it.</summary>
    bool HasMaster { get; }

    /// <summary>Completes at the next hint that something has changed.</summary>
    Task NextHint { get; }

    /// <summary>A sentinel has answered.</summary>
    void Answered(RedisEndpoint sentinel, SentinelAnswer answer);

    /// <summary>A sentinel was lost, or cannot be reached.</summary>
    void Lost(RedisEndpoint sentinel);
}
