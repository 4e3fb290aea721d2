namespace FullCluster.Parts;

/// <summary>What a part is.</summary>
internal enum PartKind
{
    Nginx,
    Node,
    Haproxy,
    Keepalived,
    Redis,
    Agent,
    Follower,
    Voter,
    ZooKeeper,
}
