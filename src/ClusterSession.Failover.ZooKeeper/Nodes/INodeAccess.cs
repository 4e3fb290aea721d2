using ClusterSession.ZooKeeper;

namespace ClusterSession.Failover.ZooKeeper.Nodes;

/// <summary>
/// Who asks: one session, whose questions are answered in their order.
/// </summary>
internal interface INodeAccess
{
    ValueTask<ZooKeeperResult<IReadOnlyList<NodeChangeResult>>> ChangeAsync(
        IEnumerable<NodeChange> changes,
        CancellationToken cancellationToken
    );

    ValueTask<ZooKeeperResult<NodeData>> GetAsync(string path, CancellationToken cancellationToken);
}
