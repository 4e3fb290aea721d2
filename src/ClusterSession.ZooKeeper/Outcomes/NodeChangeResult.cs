namespace ClusterSession.ZooKeeper;

/// <summary>What became of one of several changes.</summary>
/// <param name="Code">
/// Why the change was refused. <see cref="ZooKeeperCode.Ok"/> in a transaction that was refused: it
/// was refused because of another change.
/// </param>
/// <param name="Path">Of a node that was made.</param>
/// <param name="Stat">Of a node that was set; of one that was made servers of 3.8 tell
/// nothing.</param>
public sealed record NodeChangeResult(ZooKeeperCode Code, string? Path, NodeStat? Stat);
