using ClusterSession.Records;
using ClusterSession.Stores;

namespace ClusterSession.TestKit.Stores;

/// <summary>
/// A store whose server can be replaced under it by one that is behind or empty, as a failover does. Leases of before are not current
/// any more then, as after a lost connection; no single session is said to have changed.
/// </summary>
public sealed class ReplaceableStore(IClusterSessionStore first) : IClusterSessionStore
{
    private volatile IClusterSessionStore _current = first;
    private volatile Lease _lease = new();
    private IStoreObserver? _observer;

    public string Name => "replaceable";

    /// <summary>Another server takes over. The node is told what it may have lost, if <paramref name="loss"/> says so.</summary>
    public void Replace(IClusterSessionStore by, StoreContinuity? loss = null)
    {
        _lease.IsRevoked = true;
        _lease = new Lease();
        by.Observe(_observer!);
        _current = by;
        if (loss is { } continuity)
        {
            _observer!.OnConnected(continuity);
        }
    }

    /// <summary>The connection was lost and came back: copies must be checked. The node is told what the store may have
    /// lost, if <paramref name="loss"/> says so.</summary>
    public void Reconnect(StoreContinuity? loss = null)
    {
        _lease.IsRevoked = true;
        _lease = new Lease();
        if (loss is { } continuity)
        {
            _observer!.OnConnected(continuity);
        }
    }

    public void Observe(IStoreObserver observer)
    {
        _observer = observer;
        _current.Observe(observer);
    }

    public async ValueTask<StoreRead> ReadAsync(SessionKey key, SessionVersion known, CancellationToken cancellationToken)
    {
        var lease = _lease;
        var read = await _current.ReadAsync(key, known, cancellationToken);
        return read with { Lease = read.Lease.IsCurrent ? lease : SessionLease.None };
    }

    public ValueTask<StoreWrite> CommitAsync(SessionKey key, SessionChange change, CancellationToken cancellationToken) =>
        LeasedAsync(_current.CommitAsync(key, change, cancellationToken));

    public ValueTask<StoreWrite> MergeAsync(SessionKey key, SessionMerge copy, CancellationToken cancellationToken) =>
        LeasedAsync(_current.MergeAsync(key, copy, cancellationToken));

    public ValueTask<StoreWrite> DestroyAsync(SessionKey key, SessionEnd end, TimeSpan tombstoneLife, CancellationToken cancellationToken) =>
        LeasedAsync(_current.DestroyAsync(key, end, tombstoneLife, cancellationToken));

    public ValueTask<StoreTouch> TouchAsync(SessionKey key, TimeSpan life, TimeSpan leastLife, CancellationToken cancellationToken) => _current.TouchAsync(key, life, leastLife, cancellationToken);

    public ValueTask<StoreDocument> ReadDocumentAsync(
        string name, DocumentPosition known, CancellationToken cancellationToken) =>
        LeasedAsync(_current.ReadDocumentAsync(name, known, cancellationToken));

    public ValueTask<StoreDocument> MergeDocumentAsync(
        string name, IReadOnlyList<DocumentElement> elements, TimeSpan life, CancellationToken cancellationToken) =>
        LeasedAsync(_current.MergeDocumentAsync(name, elements, life, cancellationToken));

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
