namespace ClusterSession.ZooKeeper;

/// <summary>What a watch has seen.</summary>
/// <param name="Kind">What has happened.</param>
/// <param name="Path">To which node.</param>
public readonly record struct NodeEvent(NodeEventKind Kind, string Path);
