namespace ClusterSession.ZooKeeper;

/// <summary>A node that was made.</summary>
/// <param name="Path">Its path, with the number of a sequential one.</param>
/// <param name="Stat">What is known of it.</param>
public sealed record CreatedNode(string Path, NodeStat Stat);
