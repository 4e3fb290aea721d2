namespace ClusterSession.Stores;

/// <summary>A server of a store, as one node sees it.</summary>
/// <param name="Partition">The number of the partition that it serves, or is to serve.</param>
/// <param name="Endpoint">Its address, without credentials.</param>
/// <param name="Role">Its part in the partition.</param>
/// <param name="IsConnected">Whether this node has a connection to it now.</param>
/// <param name="Lag">
/// How far it is behind the server that decides; zero for that one itself; null where the node does
/// not know.
/// </param>
/// <param name="LastFailure">
/// What went wrong last between this node and the server, as a sentence for logs; null: nothing.
/// </param>
/// <param name="LastFailureAt">When that was.</param>
/// <param name="Epoch">
/// Under which master of the partition; 0: the store does not count them. Redis does behind agents,
/// with <c>fence=lease</c>.
/// </param>
public sealed record StoreServer(
    int Partition,
    string Endpoint,
    StoreServerRole Role,
    bool IsConnected,
    TimeSpan? Lag = null,
    string? LastFailure = null,
    DateTimeOffset? LastFailureAt = null,
    long Epoch = 0
);
