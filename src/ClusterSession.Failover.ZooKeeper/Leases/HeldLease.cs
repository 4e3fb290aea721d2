using ClusterSession.Failover.ZooKeeper.Nodes;
using ClusterSession.ZooKeeper;

namespace ClusterSession.Failover.ZooKeeper.Leases;

/// <summary>A lease that this process holds, and the session that it goes with.</summary>
internal sealed class HeldLease(LeaseSession session, string holder, long epoch, TimeProvider clock)
    : IOrderedSession,
        IAsyncDisposable
{
    /// <summary>
    /// A proof is not repeated while it is younger than this share of the session's life: each
    /// proof takes a connection.
    /// </summary>
    private const double FreshShare = 0.1;

    public long SessionId => session.SessionId;

    public long CountedFrom => session.CountedFrom;

    public bool IsOf(string askedHolder, long askedEpoch) => holder == askedHolder && epoch == askedEpoch;

    /// <summary>Lets the session live anew, unless it was a moment ago.</summary>
    public ValueTask<ZooKeeperCode> ProlongAsync(CancellationToken cancellationToken) =>
        clock.GetElapsedTime(CountedFrom) < session.Life * FreshShare
            ? new ValueTask<ZooKeeperCode>(ZooKeeperCode.Ok)
            : session.ProlongAsync(cancellationToken);

    public ValueTask<ZooKeeperResult<IReadOnlyList<NodeChangeResult>>> ChangeAsync(
        IEnumerable<NodeChange> changes,
        CancellationToken cancellationToken
    ) => session.ChangeAsync(changes, cancellationToken);

    public ValueTask<ZooKeeperResult<NodeData>> GetAsync(string path, CancellationToken cancellationToken) =>
        session.GetAsync(path, cancellationToken);

    public ValueTask EndAsync(CancellationToken cancellationToken) => session.EndAsync(cancellationToken);

    public ValueTask DisposeAsync() => session.DisposeAsync();
}
