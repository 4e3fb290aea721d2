using ClusterSession.Failover.Coordination;
using ClusterSession.Failover.Documents;

namespace ClusterSession.Failover.Tests.Simulation;

/// <summary>The coordination store, as its seam promises it.</summary>
/// <remarks>
/// Under every other seed it is as ZooKeeper: the epoch is the number of a transaction, and grows
/// by more than one; a session ends at a tick of the leader, and so late.
/// </remarks>
internal sealed class SimCoordinator(SimCluster cluster)
{
    private const int MaxTransactions = 1000;
    private const double LatestTick = 1;

    private readonly Random? _zooKeeper = cluster.World.Seed % 2 == 0 ? new Random(cluster.World.Seed) : null;
    private readonly Dictionary<OperationId, object> _done = [];
    private string? _holder;
    private long _epoch;
    private TimeSpan _until;
    private TimeSpan _ttl;
    private long _version;
    private ReadOnlyMemory<byte> _document;

    /// <summary>Nobody reaches it.</summary>
    public bool IsDown { get; set; }

    public long Epoch => _epoch;

    public ClusterDocument Document => ClusterDocument.Read(_document.Span);

    private bool IsHeld => _holder is not null && cluster.World.Now < _until;

    public CoordinationState State => new(_holder, _epoch, IsHeld, _version, _document);

    /// <summary>As an agent sees it.</summary>
    public CoordinationState Raised => State with { Epoch = _epoch + Document.EpochBase };

    /// <summary>Its directories are lost: it counts from one again.</summary>
    public void Lose()
    {
        _done.Clear();
        (_holder, _epoch, _version, _document) = (null, 0, 0, default);
    }

    /// <summary>Another leader gives a running lease its full ttl anew.</summary>
    public void ChangeLeader() => _until = IsHeld ? Until() : _until;

    /// <summary>An operator's command.</summary>
    public void Edit(Func<ClusterDocument, ClusterDocument> change) =>
        (_document, _version) = (change(Document).Write(), _version + 1);

    public ReadResult Read() => new ReadResult.Read(State);

    public AcquireResult Acquire(
        OperationId id,
        string holder,
        TimeSpan ttl,
        CoordinationState seen,
        ReadOnlyMemory<byte> document,
        long countedFrom
    ) => Once<AcquireResult>(id, () =>
        {
            if (IsHeld)
            {
                return new AcquireResult.Held(State);
            }

            if (seen.Epoch != _epoch || seen.Version != _version)
            {
                return new AcquireResult.Conflict(State);
            }

            (_holder, _epoch, _ttl) = (holder, _epoch + 1 + (_zooKeeper?.Next(MaxTransactions) ?? 0), ttl);
            _until = Until();
            (_document, _version) = (document, _version + 1);
            cluster.World.Tell($"{holder} holds lease {_epoch}: {Document.Change}");
            cluster.Checker.Granted(Document);
            return new AcquireResult.Granted(_epoch, _version, countedFrom);
        });

    public RenewResult Renew(string holder, long epoch, long countedFrom)
    {
        if (!IsHeld || holder != _holder || epoch != _epoch)
        {
            return new RenewResult.Lost();
        }

        _until = Until();
        return new RenewResult.Renewed(countedFrom, _ttl);
    }

    public ReleaseResult Release(
        OperationId id,
        string holder,
        long epoch,
        ReadOnlyMemory<byte>? document,
        long seenVersion
    ) => Once<ReleaseResult>(id, () =>
        {
            if (!IsHeld || holder != _holder || epoch != _epoch)
            {
                return new ReleaseResult.Lost();
            }

            if (document is not null && seenVersion != _version)
            {
                return new ReleaseResult.Conflict(State);
            }

            (_holder, _document, _version) = (null, document ?? _document, _version + 1);
            cluster.World.Tell($"{holder} releases lease {_epoch}");
            return new ReleaseResult.Released();
        });

    public WriteResult Write(OperationId id, long seenVersion, ReadOnlyMemory<byte> document, long? epoch) =>
        Once<WriteResult>(id, () =>
        {
            if (epoch is not null && (!IsHeld || epoch != _epoch))
            {
                return new WriteResult.Lost();
            }

            if (seenVersion != _version)
            {
                return new WriteResult.Conflict(State);
            }

            (_document, _version) = (document, _version + 1);
            var what = Document.Change?.Step.ToString() ?? Document.Ruler?.ToString();
            cluster.World.Tell($"document {_version}: {what}");
            return new WriteResult.Written(_version);
        });

    private TimeSpan Until() =>
        cluster.World.Now + _ttl + TimeSpan.FromSeconds((_zooKeeper?.NextDouble() ?? 0) * LatestTick);

    private T Once<T>(OperationId id, Func<T> operation)
        where T : class
    {
        if (!_done.TryGetValue(id, out var answer))
        {
            _done[id] = answer = operation();
        }

        return (T)answer;
    }
}
