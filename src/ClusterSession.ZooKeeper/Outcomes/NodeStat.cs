namespace ClusterSession.ZooKeeper;

/// <summary>What ZooKeeper knows of a node besides its data.</summary>
/// <param name="Created">Number (zxid) of the change that made it; numbers only grow.</param>
/// <param name="Modified">Number of the last change of its data.</param>
/// <param name="CreatedAt">When it was made, by the leader's clock.</param>
/// <param name="ModifiedAt">When its data was changed.</param>
/// <param name="Version">How often its data was changed; begins anew when it is made again.</param>
/// <param name="ChildrenVersion">How often its children were changed.</param>
/// <param name="AccessVersion">How often its access list was changed.</param>
/// <param name="Owner">The session that it goes with; 0: it stays.</param>
/// <param name="DataLength">Bytes of its data.</param>
/// <param name="ChildCount">Number of its children.</param>
/// <param name="ChildrenChanged">Number of the last change of its children.</param>
public sealed record NodeStat(
    long Created,
    long Modified,
    DateTimeOffset CreatedAt,
    DateTimeOffset ModifiedAt,
    int Version,
    int ChildrenVersion,
    int AccessVersion,
    long Owner,
    int DataLength,
    int ChildCount,
    long ChildrenChanged
);
