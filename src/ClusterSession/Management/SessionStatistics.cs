namespace ClusterSession;

/// <summary>Figures of one node.</summary>
/// <param name="Store">The store's name.</param>
/// <param name="IsStoreResponding">
/// False while requests do not wait for the store, or for a partition of it, because it does
/// not respond.
/// </param>
/// <param name="LocalCopies">How many sessions this node has in memory.</param>
/// <param name="LocalCopyBytes">How many bytes they take.</param>
/// <param name="UnsavedSessions">Of how many sessions only this node has the newest commits: what
/// would be lost if it died now.</param>
/// <param name="UnsavedBytes">How many bytes those sessions hold.</param>
/// <param name="OldestUnsaved">How long ago the oldest of those commits was acknowledged; null if
/// there are none.</param>
/// <param name="ReplayableSessions">For how many sessions this node could replay recent commits
/// into a store that lost them.</param>
public sealed record SessionStatistics(
    string Store,
    bool IsStoreResponding,
    int LocalCopies,
    long LocalCopyBytes,
    int UnsavedSessions,
    long UnsavedBytes,
    TimeSpan? OldestUnsaved,
    int ReplayableSessions
)
{
    /// <summary>
    /// The partitions of the store, such as the shards of a Redis Cluster; at least one.
    /// </summary>
    public IReadOnlyList<PartitionStatistics> Partitions { get; init; } = [];
}
