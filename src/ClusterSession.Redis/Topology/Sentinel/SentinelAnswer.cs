namespace ClusterSession.Redis.Topology.Sentinel;

/// <summary>What one sentinel says of a master. Immutable.</summary>
/// <param name="Master">Where the master is; null: it knows no master of that name.</param>
/// <param name="Epoch">Number of the configuration that says so; grows with every failover. A
/// sentinel that was cut off has an older one.</param>
/// <param name="IsFailingOver">Whether sentinels have agreed that this master is down, or one is
/// replacing it.</param>
/// <param name="Sentinels">The other sentinels that it knows.</param>
/// <param name="Replicas">The replicas that it knows.</param>
internal sealed record SentinelAnswer(
    RedisEndpoint? Master,
    long Epoch,
    bool IsFailingOver,
    IReadOnlyList<RedisEndpoint> Sentinels,
    IReadOnlyList<RedisEndpoint> Replicas
)
{
    /// <summary>The answer of a sentinel that knows no master of that name.</summary>
    public static readonly SentinelAnswer Unknown = new(null, -1, false, [], []);

    /// <summary>Whether it has promoted this master, and still leads the other replicas over to it.
    /// That may take a resynchronization of each; the master is in charge by then.</summary>
    public bool IsFinishing { get; init; }

    /// <summary>How many sentinels have to agree that the master is down.</summary>
    public int Quorum { get; init; }

    /// <summary>How many sentinels it knows, itself and those that are down included: of so many
    /// it takes a majority to replace the master.</summary>
    public int AllSentinels { get; init; }

    /// <summary>The replicas that it knows, those that are down included, and the former master
    /// while it finishes a failover: it makes that one a replica next.</summary>
    public IReadOnlyList<RedisEndpoint> AllReplicas { get; init; } = [];
}
