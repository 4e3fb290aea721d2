using ClusterSession.ZooKeeper;

namespace ClusterSession.Failover.ZooKeeper.Nodes;

/// <summary>One session; the server answers its requests in order.</summary>
internal interface IOrderedSession
{
    ValueTask<ZooKeeperResult<IReadOnlyList<NodeChangeResult>>> ChangeAsync(
        IEnumerable<NodeChange> changes,
        CancellationToken cancellationToken
    );

    ValueTask<ZooKeeperResult<NodeData>> GetAsync(string path, CancellationToken cancellationToken);
}
