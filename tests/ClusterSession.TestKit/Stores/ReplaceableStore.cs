using ClusterSession.Records;
using ClusterSession.Stores;

namespace ClusterSession.TestKit.Stores;

/// <summary>
/// A store whose server can be replaced under it by one that is behind or empty, as a failover
/// does. Earlier leases are not current any more then, as after a lost connection; no single
/// session is said to have changed.
/// </summary>
public sealed class ReplaceableStore(IClusterSessionStore first) : IClusterSessionStore
{
    private volatile IClusterSessionStore _current = first;
    private volatile Lease _lease = new();
    private IStoreObserver? _observer;

    public string Name => "replaceable";

    /// <summary>That of the first server: nodes keep hearing of each other.</summary>
    public IStoreChannel? Channel { get; } = first.Channel;

    public IReadOnlyList<StorePartition> Partitions => _current.Partitions;

    public int PartitionOf(SessionKey key) => _current.PartitionOf(key);

    public int PartitionOfDocument(string name) => _current.PartitionOfDocument(name);

    /// <summary>
    /// Another server takes over. The node is notified of what it may have lost, if
    /// <paramref name="loss"/> says so.
    /// </summary>
    public void Replace(IClusterSessionStore by, StoreContinuity? loss = null)
    {
        _lease.IsRevoked = true;
        _lease = new Lease();
        Start(by);
        _current = by;
        if (loss is { } continuity)
        {
            _observer!.OnConnected(0, continuity);
        }
    }

    /// <summary>The connection was lost and came back: copies must be checked. The node is notified
    /// what the store may have lost, if <paramref name="loss"/> says so.</summary>
    public void Reconnect(StoreContinuity? loss = null)
    {
        _lease.IsRevoked = true;
        _lease = new Lease();
        if (loss is { } continuity)
        {
            _observer!.OnConnected(0, continuity);
        }
    }

    public ValueTask StartAsync(IStoreObserver observer, CancellationToken cancellationToken)
    {
        _observer = observer;
        return _current.StartAsync(observer, cancellationToken);
    }

    public ValueTask DisposeAsync() => _current.DisposeAsync();

    public async ValueTask<StoreRead> ReadAsync(SessionKey key, SessionVersion known, StoreDeadline deadline)
    {
        var lease = _lease;
        var read = await _current.ReadAsync(key, known, deadline);
        return read with { Lease = read.Lease.IsCurrent ? lease : SessionLease.None };
    }

    public ValueTask<StoreWrite> CommitAsync(SessionKey key, SessionChange change, StoreDeadline deadline) =>
        LeasedAsync(_current.CommitAsync(key, change, deadline));

    public ValueTask<StoreWrite> MergeAsync(SessionKey key, SessionMerge copy, StoreDeadline deadline) =>
        LeasedAsync(_current.MergeAsync(key, copy, deadline));

    public ValueTask<StoreWrite> DestroyAsync(
        SessionKey key,
        SessionEnd end,
        TimeSpan tombstoneLife,
        StoreDeadline deadline
    ) => LeasedAsync(_current.DestroyAsync(key, end, tombstoneLife, deadline));

    public ValueTask<StoreTouch> TouchAsync(
        SessionKey key,
        TimeSpan life,
        TimeSpan leastLife,
        StoreDeadline deadline
    ) => _current.TouchAsync(key, life, leastLife, deadline);

    public ValueTask<StoreDocument> ReadDocumentAsync(string name, DocumentPosition known, StoreDeadline deadline) =>
        LeasedAsync(_current.ReadDocumentAsync(name, known, deadline));

    public ValueTask<StoreDocument> MergeDocumentAsync(
        string name,
        IReadOnlyList<DocumentElement> elements,
        TimeSpan life,
        StoreDeadline deadline
    ) => LeasedAsync(_current.MergeDocumentAsync(name, elements, life, deadline));

    /// <summary>A store in memory has begun when it answers.</summary>
    private void Start(IClusterSessionStore store)
    {
        if (!store.StartAsync(_observer!, CancellationToken.None).IsCompletedSuccessfully)
        {
            throw new InvalidOperationException("A store that replaces another must begin at once.");
        }
    }

    private async ValueTask<StoreDocument> LeasedAsync(ValueTask<StoreDocument> asked)
    {
        var lease = _lease;
        var answer = await asked;
        return answer with { Lease = answer.Lease is { IsCurrent: true } ? lease : SessionLease.None };
    }

    private async ValueTask<StoreWrite> LeasedAsync(ValueTask<StoreWrite> asked)
    {
        var lease = _lease;
        var answer = await asked;
        return answer with { Lease = answer.Lease.IsCurrent ? lease : SessionLease.None };
    }

    private sealed class Lease : SessionLease
    {
        public volatile bool IsRevoked;

        public override bool IsCurrent => !IsRevoked;

        public override bool IsLost => IsRevoked;
    }
}
