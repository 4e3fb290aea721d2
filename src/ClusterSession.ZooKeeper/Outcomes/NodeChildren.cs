namespace ClusterSession.ZooKeeper;

/// <summary>The children of a node, in no order.</summary>
/// <param name="Names">Their names, without a path.</param>
/// <param name="Stat">What is known of the node.</param>
public sealed record NodeChildren(IReadOnlyList<string> Names, NodeStat Stat);
