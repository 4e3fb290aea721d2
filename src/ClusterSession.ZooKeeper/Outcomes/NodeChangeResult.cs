namespace ClusterSession.ZooKeeper;

/// <summary>What became of one of several changes.</summary>
/// <param name="Code">
/// Why the change was refused. <see cref="ZooKeeperCode.Ok"/> in a transaction that was refused: it
/// was refused because of another change.
/// </param>
/// <param name="Path">The path of a node that was made; null for other changes.</param>
/// <param name="Stat">What is known of a node that was set. Servers of release 3.8 do not tell it
/// of a node that was made. Null: it was not told.</param>
public sealed record NodeChangeResult(ZooKeeperCode Code, string? Path, NodeStat? Stat);
