using System.Text;
using ClusterSession.Failover.Coordination;
using ClusterSession.Failover.Leases;
using ClusterSession.ZooKeeper;

namespace ClusterSession.Failover.ZooKeeper.Nodes;

/// <summary>
/// The nodes of one cluster, and the transactions on them.
/// </summary>
/// <remarks>
/// <code>
///   /cluster-NAME           holder, ttl, document and its version, the last operations: every
///                           change but a renewal sets it, if its version is still the one read
///   /cluster-NAME/grant     set by each grant and by nothing else: the zxid of its last change is
///                           the epoch, and stays known when the lease is gone
///   /cluster-NAME/lease     ephemeral: there while the lease is held
/// </code>
/// A grant sets the first two and makes the third in one transaction: they share its zxid. A holder
/// that lost its session's password, as a process that was started again, makes the third one again
/// under another session; that is no grant, and the epoch stays.
/// </remarks>
internal sealed class ClusterNodes(string cluster)
{
    private readonly string _node = $"/cluster-{Uri.EscapeDataString(cluster)}";

    private string Grant => $"{_node}/grant";

    private string Lease => $"{_node}/lease";

    /// <summary>
    /// All of it at one moment, not older than the question; null: no server has told.
    /// </summary>
    /// <exception cref="InvalidDataException">The nodes are of another user, or of another
    /// release.</exception>
    public async ValueTask<StoredState?> ReadAsync(IOrderedSession access, CancellationToken cancellationToken)
    {
        // A transaction that changes nothing, done or refused, has passed a majority, and what the
        // connection reads from then on is not older. A mere sync is answered by a leader that does
        // not know yet that it is none.
        var barrier = await access.ChangeAsync([new NodeChange.Check("/")], cancellationToken).ConfigureAwait(false);
        RequireAccess(barrier.Code);
        if (IsLost(barrier.Code))
        {
            return null;
        }

        while (true)
        {
            var before = await access.GetAsync(_node, cancellationToken).ConfigureAwait(false);
            var grant = await access.GetAsync(Grant, cancellationToken).ConfigureAwait(false);
            var lease = await access.GetAsync(Lease, cancellationToken).ConfigureAwait(false);
            var after = await access.GetAsync(_node, cancellationToken).ConfigureAwait(false);
            RequireAccess(after.Code);
            if (IsLost(before.Code) || IsLost(grant.Code) || IsLost(lease.Code) || IsLost(after.Code))
            {
                return null;
            }

            if (before.Value?.Stat.Modified == after.Value?.Stat.Modified)
            {
                return new StoredState(
                    after.IsOk ? StoredCluster.Decode(after.Value.Data.Span) : StoredCluster.None,
                    after.Value?.Stat.Version ?? -1,
                    grant.Value?.Stat.Modified ?? 0,
                    grant.Value?.Stat.Version ?? -1,
                    lease.Value?.Stat.Owner ?? 0
                );
            }
        }
    }

    /// <summary>
    /// Takes the lease. The last change sets the grant's node, even where this transaction has just
    /// made that node: a server tells the zxid of a node that was set, and not of one that was
    /// made.
    /// </summary>
    public NodeChange[] Take(StoredState seen, StoredCluster next) =>
        [
            Put(_node, seen.NodeVersion, next.Encode()),
            .. seen.GrantVersion < 0 ? new NodeChange[] { new NodeChange.Create(Grant, default) } : [],
            new NodeChange.Create(Lease, Encoding.UTF8.GetBytes(next.Holder ?? ""), CreateMode.Ephemeral),
            new NodeChange.Set(Grant, Encoding.UTF8.GetBytes(next.Holder ?? ""), Math.Max(0, seen.GrantVersion)),
        ];

    /// <summary>The same lease under another session.</summary>
    public NodeChange[] Move(StoredState seen) =>
        [
            new NodeChange.Check(Grant, seen.GrantVersion),
            new NodeChange.Delete(Lease),
            new NodeChange.Create(Lease, Encoding.UTF8.GetBytes(seen.Cluster.Holder ?? ""), CreateMode.Ephemeral),
        ];

    /// <summary>Frees the lease.</summary>
    public NodeChange[] Free(StoredState seen, StoredCluster next) =>
        [new NodeChange.Delete(Lease), Put(_node, seen.NodeVersion, next.Encode())];

    /// <summary>
    /// Writes the document. With <paramref name="isHeld"/>, only while the lease is held.
    /// </summary>
    public NodeChange[] Write(StoredState seen, StoredCluster next, bool isHeld) =>
        [
            .. isHeld ? new NodeChange[] { new NodeChange.Check(Lease) } : [],
            Put(_node, seen.NodeVersion, next.Encode()),
        ];

    private static NodeChange Put(string path, int version, ReadOnlyMemory<byte> data) =>
        version < 0 ? new NodeChange.Create(path, data) : new NodeChange.Set(path, data, version);

    /// <summary>A wrong password would look as if nobody responded, for ever.</summary>
    private static void RequireAccess(ZooKeeperCode code)
    {
        if (code is ZooKeeperCode.NoAuth or ZooKeeperCode.AuthFailed)
        {
            throw new InvalidDataException(
                "ZooKeeper does not let this agent read its nodes: they were made under another user or password. Set "
                    + "those in ClusterSession:Failover:Coordinator, alike on all agents, or name a path that nobody "
                    + "uses."
            );
        }
    }

    /// <summary>Neither read nor known not to be there.</summary>
    private static bool IsLost(ZooKeeperCode code) => code is not (ZooKeeperCode.Ok or ZooKeeperCode.NoNode);
}
