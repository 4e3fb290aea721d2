namespace ClusterSession.ZooKeeper;

/// <summary>A node.</summary>
/// <param name="Data">Its data.</param>
/// <param name="Stat">What is known of it.</param>
public sealed record NodeData(ReadOnlyMemory<byte> Data, NodeStat Stat);
