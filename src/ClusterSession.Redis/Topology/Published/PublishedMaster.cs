namespace ClusterSession.Redis.Topology.Published;

/// <summary>What the agents have published. Immutable.</summary>
/// <param name="Master">The master that was opened last; null: another one is being chosen.</param>
/// <param name="Epoch">Number of its lease; 0 without a master.</param>
/// <param name="Members">All servers, any of which may be the master next.</param>
/// <param name="Change">Number of the change that published it; grows.</param>
internal sealed record PublishedMaster(
    RedisEndpoint? Master,
    long Epoch,
    IReadOnlyList<RedisEndpoint> Members,
    long Change
);
