using ClusterSession.Failover.Coordination;
using ClusterSession.Failover.Etcd.Client;
using ClusterSession.Failover.Etcd.Keys;
using ClusterSession.Failover.Etcd.Options;
using ClusterSession.Failover.Leases;
using Etcdserverpb;

namespace ClusterSession.Failover.Etcd.Leases;

/// <summary>An etcd cluster as the store on which agents agree.</summary>
/// <remarks>
/// Each operation reads all keys of its cluster, decides by them, and changes them in a transaction
/// that is refused where any was changed meanwhile; then it begins again. What was done stands in
/// the cluster's key by the id of the operation, so a repeat finds it, whatever became of the first
/// attempt: of two that are under way only one can be done. <see cref="LeaseKeeper"/> says how the
/// life of a lease is counted.
/// </remarks>
internal sealed class EtcdCoordinator : IFailoverCoordinator, IAsyncDisposable
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(20);

    private readonly EtcdOptions _options;
    private readonly EtcdClient _client;
    private readonly LeaseKeeper _leases;

    public EtcdCoordinator(EtcdOptions options, TimeProvider clock)
    {
        _options = options;
        _client = new EtcdClient(options);
        _leases = new LeaseKeeper(_client, clock);
        Clock = clock;
    }

    /// <inheritdoc/>
    public TimeProvider Clock { get; }

    /// <inheritdoc/>
    public ValueTask<ReadResult> ReadAsync(string cluster, CancellationToken cancellationToken = default)
    {
        var keys = KeysOf(cluster);
        return RepeatAsync<ReadResult>(
            async token =>
                await keys.ReadAsync(_client, token).ConfigureAwait(false) is { } state
                    ? new ReadResult.Read(state.Shown())
                    : null,
            new ReadResult.Unreachable(),
            cancellationToken
        );
    }

    /// <inheritdoc/>
    public ValueTask<AcquireResult> AcquireAsync(
        OperationId id,
        string cluster,
        string holder,
        TimeSpan ttl,
        CoordinationState seen,
        ReadOnlyMemory<byte> document,
        CancellationToken cancellationToken = default
    )
    {
        ArgumentNullException.ThrowIfNull(seen);
        ArgumentOutOfRangeException.ThrowIfLessThan(ttl, TimeSpan.FromMilliseconds(Operation.ShortestTtlMilliseconds));
        ArgumentOutOfRangeException.ThrowIfGreaterThan(
            ttl,
            TimeSpan.FromMilliseconds(Operation.LongestTtlMilliseconds)
        );
        var keys = KeysOf(cluster);
        Check(holder);
        Check(document);
        return RepeatAsync<AcquireResult>(
            async token =>
            {
                if (await keys.ReadAsync(_client, token).ConfigureAwait(false) is not { } state)
                {
                    return null;
                }

                if (state.Cluster.Find(id) is { } version)
                {
                    return await GrantedAsync(keys, cluster, id, holder, state, version, token).ConfigureAwait(false);
                }

                return state.IsHeld ? new AcquireResult.Held(state.Shown())
                    : state.Epoch != seen.Epoch || state.Cluster.Version != seen.Version
                        ? new AcquireResult.Conflict(state.Shown())
                    : await TakeAsync(
                            keys,
                            cluster,
                            state,
                            state.Cluster.After(id, document) with
                            {
                                Holder = holder,
                                TtlMilliseconds = (long)ttl.TotalMilliseconds,
                                Grant = id,
                            },
                            token
                        )
                        .ConfigureAwait(false);
            },
            new AcquireResult.Unknown(),
            cancellationToken
        );
    }

    /// <inheritdoc/>
    public ValueTask<RenewResult> RenewAsync(
        string cluster,
        string holder,
        long epoch,
        CancellationToken cancellationToken = default
    )
    {
        var keys = KeysOf(cluster);
        Check(holder);
        return RepeatAsync(
            token => _leases.RenewAsync(keys, cluster, holder, epoch, token),
            new RenewResult.Unknown(),
            cancellationToken
        );
    }

    /// <inheritdoc/>
    public ValueTask<ReleaseResult> ReleaseAsync(
        OperationId id,
        string cluster,
        string holder,
        long epoch,
        ReadOnlyMemory<byte>? document = null,
        long seenVersion = 0,
        CancellationToken cancellationToken = default
    )
    {
        var keys = KeysOf(cluster);
        Check(holder);
        Check(document.GetValueOrDefault());
        return RepeatAsync<ReleaseResult>(
            async token =>
            {
                if (await keys.ReadAsync(_client, token).ConfigureAwait(false) is not { } state)
                {
                    return null;
                }

                if (state.Cluster.Find(id) is null)
                {
                    if (!state.IsHeldBy(holder, epoch))
                    {
                        return new ReleaseResult.Lost();
                    }

                    if (document is not null && state.Cluster.Version != seenVersion)
                    {
                        return new ReleaseResult.Conflict(state.Shown());
                    }

                    var next = state.Cluster.After(id, document) with { Holder = null };
                    if (!await ChangeAsync(keys.Free(state, next), token).ConfigureAwait(false))
                    {
                        return null;
                    }
                }

                // The etcd lease has no key any more, and runs out.
                return new ReleaseResult.Released();
            },
            new ReleaseResult.Unknown(),
            cancellationToken
        );
    }

    /// <inheritdoc/>
    public ValueTask<WriteResult> WriteAsync(
        OperationId id,
        string cluster,
        long seenVersion,
        ReadOnlyMemory<byte> document,
        long? epoch = null,
        CancellationToken cancellationToken = default
    )
    {
        if (epoch is { } given)
        {
            ArgumentOutOfRangeException.ThrowIfLessThan(given, 1, nameof(epoch));
        }

        var keys = KeysOf(cluster);
        Check(document);
        return RepeatAsync<WriteResult>(
            async token =>
            {
                if (await keys.ReadAsync(_client, token).ConfigureAwait(false) is not { } state)
                {
                    return null;
                }

                if (state.Cluster.Find(id) is { } version)
                {
                    return new WriteResult.Written(version);
                }

                if (epoch is not null && state.Created != epoch)
                {
                    return new WriteResult.Lost();
                }

                if (state.Cluster.Version != seenVersion)
                {
                    return new WriteResult.Conflict(state.Shown());
                }

                var next = state.Cluster.After(id, document);
                var changes = keys.Write(state, next, epoch);
                var isWritten = await ChangeAsync(changes, token).ConfigureAwait(false);
                return isWritten ? new WriteResult.Written(next.Version) : null;
            },
            new WriteResult.Unknown(),
            cancellationToken
        );
    }

    /// <summary>
    /// Leases that are held run out by themselves, or are taken on by the next process of their
    /// holder.
    /// </summary>
    public ValueTask DisposeAsync() => _client.DisposeAsync();

    private ClusterKeys KeysOf(string cluster)
    {
        ArgumentException.ThrowIfNullOrEmpty(cluster);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(cluster.Length, Operation.LongestCluster, nameof(cluster));
        return new ClusterKeys(_options.Path, cluster);
    }

    private static void Check(string holder)
    {
        ArgumentException.ThrowIfNullOrEmpty(holder);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(holder.Length, Operation.LongestHolder, nameof(holder));
    }

    private static void Check(ReadOnlyMemory<byte> document) =>
        ArgumentOutOfRangeException.ThrowIfGreaterThan(document.Length, Operation.LargestDocument, nameof(document));

    /// <summary>
    /// Looks and acts until there is an outcome, or the time is over. What a step that was left
    /// behind still does is found by the repeat.
    /// </summary>
    private async ValueTask<T> RepeatAsync<T>(
        Func<CancellationToken, ValueTask<T?>> step,
        T unknown,
        CancellationToken cancellationToken
    )
        where T : class
    {
        using var deadline = new CancellationTokenSource(_options.OperationTimeout, TimeProvider.System);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(deadline.Token, cancellationToken);
        try
        {
            while (true)
            {
                if (await step(both.Token).ConfigureAwait(false) is { } outcome)
                {
                    return outcome;
                }

                await Task.Delay(Pause, TimeProvider.System, both.Token).ConfigureAwait(false);
            }
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return unknown;
        }
    }

    /// <summary>Whether it was done; false: it was not, or nobody knows.</summary>
    private async ValueTask<bool> ChangeAsync(TxnRequest changes, CancellationToken token) =>
        await _client.TransactAsync(changes, token).ConfigureAwait(false) is { Succeeded: true };

    private async ValueTask<AcquireResult?> TakeAsync(
        ClusterKeys keys,
        string cluster,
        StoredState seen,
        StoredCluster next,
        CancellationToken token
    )
    {
        var ttl = TimeSpan.FromMilliseconds(next.TtlMilliseconds);
        if (await _leases.GrantAsync(ttl, token).ConfigureAwait(false) is not { } lease)
        {
            return null;
        }

        var taken = await _client.TransactAsync(keys.Take(seen, next, lease.Id), token).ConfigureAwait(false);
        if (taken is not { Succeeded: true })
        {
            return null;
        }

        var epoch = taken.Header.Revision;
        _leases.Keep(cluster, next.Holder!, epoch, lease.Id);
        return new AcquireResult.Granted(epoch, next.Version, lease.CountedFrom);
    }

    /// <summary>
    /// It was granted before, and nobody knew. A grant that has passed meanwhile is not answered as
    /// a grant: the caller would count it from now.
    /// </summary>
    private async ValueTask<AcquireResult?> GrantedAsync(
        ClusterKeys keys,
        string cluster,
        OperationId id,
        string holder,
        StoredState state,
        long version,
        CancellationToken token
    )
    {
        if (state.Cluster.Grant != id || !state.IsHeldBy(holder, state.Created))
        {
            return new AcquireResult.Conflict(state.Shown());
        }

        return await _leases.RenewAsync(keys, cluster, holder, state.Created, token).ConfigureAwait(false) switch
        {
            RenewResult.Renewed renewed => new AcquireResult.Granted(state.Created, version, renewed.CountedFrom),
            RenewResult.Lost => new AcquireResult.Conflict(state.Shown()),
            _ => null,
        };
    }
}
