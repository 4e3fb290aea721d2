using ClusterSession.Redis.Connection.Fencing;

namespace ClusterSession.Failover.Sights;

/// <summary>What an agent sees of one Redis: INFO, some settings, its users and two keys.</summary>
internal sealed record RedisSight
{
    /// <summary>A Redis that did not answer.</summary>
    public static RedisSight Unreachable { get; } = new() { Reach = RedisReach.Unreachable };

    /// <summary>A Redis whose host refused the connection.</summary>
    public static RedisSight Refused { get; } = new() { Reach = RedisReach.Refused };

    public RedisReach Reach { get; init; } = RedisReach.Reachable;

    public bool IsReachable => Reach == RedisReach.Reachable;

    /// <summary>run_id.</summary>
    public string RunId { get; init; } = "";

    /// <summary>Whether the role is master; it says nothing about who may write.</summary>
    public bool IsMaster { get; init; }

    /// <summary>
    /// The tenure it is to follow (masteruser); null: a master, or a replica of an address where
    /// nobody listens.
    /// </summary>
    public Tenure? Follows { get; init; }

    /// <summary>master_link_status up, and no synchronisation in progress.</summary>
    public bool IsLinkUp { get; init; }

    /// <summary>master_sync_in_progress.</summary>
    public bool IsSyncing { get; init; }

    /// <summary>
    /// Whether it answers each write with MISCONF, until it can write its files again: its last
    /// snapshot or the last write to its append-only file failed, as with a full disk.
    /// </summary>
    public bool RefusesWrites { get; init; }

    /// <summary>master_replid.</summary>
    public string HistoryId { get; init; } = "";

    /// <summary>master_repl_offset: of a replica too it is how far its own data has come.</summary>
    public long Offset { get; init; }

    /// <summary>master_replid2; empty: there is none.</summary>
    public string FormerHistoryId { get; init; } = "";

    /// <summary>Last offset of the former history: second_repl_offset - 1.</summary>
    public long FormerOffset { get; init; } = -1;

    /// <summary>
    /// Value of {prefix}:1:shared:epoch: each master writes its epoch there before it opens, and it
    /// replicates with the data. 0: there is none.
    /// </summary>
    public long DataEpoch { get; init; }

    /// <summary>Whether it holds no key at all.</summary>
    public bool IsEmpty { get; init; }

    /// <summary>
    /// What the lease record says, which may be another's that was replicated; null: there is no
    /// record.
    /// </summary>
    public Tenure? Record { get; init; }

    /// <summary>Whether the application's user is on.</summary>
    public bool AdmitsClients { get; init; }

    /// <summary>The tenures of which a user for replicas is on.</summary>
    public IReadOnlyList<Tenure> Admits { get; init; } = [];

    /// <summary>Whether the record names this process: scripts may write.</summary>
    public bool HasOwnRecord => Record?.RunId == RunId;

    /// <summary>Whether it takes writes of the application.</summary>
    public bool IsOpen => IsReachable && IsMaster && HasOwnRecord && AdmitsClients;
}
