using ClusterSession.Failover.Coordination;
using ClusterSession.Failover.Leases;
using ClusterSession.Failover.ZooKeeper.Nodes;
using ClusterSession.ZooKeeper;

namespace ClusterSession.Failover.ZooKeeper.Leases;

/// <summary>A ZooKeeper ensemble as the store on which agents agree.</summary>
/// <remarks>
/// Each operation reads all nodes of its cluster, decides by them, and changes them in a
/// transaction that is refused where any was changed meanwhile; then it begins again. What was done
/// stands in the cluster's node by the id of the operation, so a repeat finds it, whatever became
/// of the first attempt: of two that are under way only one can be done. A lease is a session of
/// its own (<see cref="LeaseSession"/> says how its life is counted).
/// </remarks>
internal sealed class ZooKeeperCoordinator(ZooKeeperOptions options, TimeProvider clock, Random random)
    : IFailoverCoordinator,
        IAsyncDisposable
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(20);

    private readonly StoreClient _client = new(options);
    private readonly HeldLeases _held = new(options, clock, random);

    /// <inheritdoc/>
    public TimeProvider Clock => clock;

    /// <inheritdoc/>
    public ValueTask<ReadResult> ReadAsync(string cluster, CancellationToken cancellationToken = default)
    {
        var nodes = NodesOf(cluster);
        return RepeatAsync<ReadResult>(
            async token =>
                await nodes.ReadAsync(_client, token).ConfigureAwait(false) is { } state
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
        var nodes = NodesOf(cluster);
        Check(holder);
        Check(document);
        return RepeatAsync<AcquireResult>(
            async token =>
            {
                if (await nodes.ReadAsync(_client, token).ConfigureAwait(false) is not { } state)
                {
                    return null;
                }

                if (state.Cluster.Find(id) is { } version)
                {
                    return await GrantedAsync(nodes, cluster, id, holder, state, version, token).ConfigureAwait(false);
                }

                return state.IsHeld ? new AcquireResult.Held(state.Shown())
                    : state.Epoch != seen.Epoch || state.Cluster.Version != seen.Version
                        ? new AcquireResult.Conflict(state.Shown())
                    : await TakeAsync(
                            nodes,
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
        var nodes = NodesOf(cluster);
        Check(holder);
        return RepeatAsync(
            token => RenewOnceAsync(nodes, cluster, holder, epoch, token),
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
        var nodes = NodesOf(cluster);
        Check(holder);
        Check(document.GetValueOrDefault());
        return RepeatAsync<ReleaseResult>(
            async token =>
            {
                if (await nodes.ReadAsync(_client, token).ConfigureAwait(false) is not { } state)
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
                    var freed = await _client.ChangeAsync(nodes.Free(state, next), token).ConfigureAwait(false);
                    if (!freed.IsOk)
                    {
                        return null;
                    }
                }

                await _held.ForgetAsync(cluster, holder, epoch, token).ConfigureAwait(false);
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

        var nodes = NodesOf(cluster);
        Check(document);
        return RepeatAsync<WriteResult>(
            async token =>
            {
                if (await nodes.ReadAsync(_client, token).ConfigureAwait(false) is not { } state)
                {
                    return null;
                }

                if (state.Cluster.Find(id) is { } version)
                {
                    return new WriteResult.Written(version);
                }

                if (epoch is not null && (!state.IsHeld || state.Epoch != epoch))
                {
                    return new WriteResult.Lost();
                }

                if (state.Cluster.Version != seenVersion)
                {
                    return new WriteResult.Conflict(state.Shown());
                }

                var next = state.Cluster.After(id, document);
                var changes = nodes.Write(state, next, epoch is not null);
                var written = await _client.ChangeAsync(changes, token).ConfigureAwait(false);
                return written.IsOk ? new WriteResult.Written(next.Version) : null;
            },
            new WriteResult.Unknown(),
            cancellationToken
        );
    }

    /// <summary>
    /// Leases that are held run out by themselves, or are taken on by the next process of their
    /// holder.
    /// </summary>
    public async ValueTask DisposeAsync()
    {
        await _held.DisposeAsync().ConfigureAwait(false);
        await _client.DisposeAsync().ConfigureAwait(false);
    }

    private static ClusterNodes NodesOf(string cluster)
    {
        ArgumentException.ThrowIfNullOrEmpty(cluster);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(cluster.Length, Operation.LongestCluster, nameof(cluster));
        return new ClusterNodes(cluster);
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
        using var deadline = new CancellationTokenSource(options.OperationTimeout, TimeProvider.System);
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

    private async ValueTask<AcquireResult?> TakeAsync(
        ClusterNodes nodes,
        string cluster,
        StoredState seen,
        StoredCluster next,
        CancellationToken token
    )
    {
        var ttl = TimeSpan.FromMilliseconds(next.TtlMilliseconds);
        var (session, results) = await _held.HoldAsync(ttl, nodes.Take(seen, next), token).ConfigureAwait(false);
        if (session is null)
        {
            return null;
        }

        var epoch = results[^1].Stat!.Modified;
        await _held.KeepAsync(cluster, new HeldLease(session, next.Holder!, epoch, clock)).ConfigureAwait(false);
        return new AcquireResult.Granted(epoch, next.Version, session.CountedFrom);
    }

    /// <summary>
    /// It was granted before, and nobody knew. A grant that has passed meanwhile is not answered as
    /// a grant: the caller would count it from now.
    /// </summary>
    private async ValueTask<AcquireResult?> GrantedAsync(
        ClusterNodes nodes,
        string cluster,
        OperationId id,
        string holder,
        StoredState state,
        long version,
        CancellationToken token
    )
    {
        if (state.Cluster.Grant != id || !state.IsHeldBy(holder, state.Epoch))
        {
            return new AcquireResult.Conflict(state.Shown());
        }

        return await RenewOnceAsync(nodes, cluster, holder, state.Epoch, token).ConfigureAwait(false) switch
        {
            RenewResult.Renewed renewed => new AcquireResult.Granted(state.Epoch, version, renewed.CountedFrom),
            RenewResult.Lost => new AcquireResult.Conflict(state.Shown()),
            _ => null,
        };
    }

    private async ValueTask<RenewResult?> RenewOnceAsync(
        ClusterNodes nodes,
        string cluster,
        string holder,
        long epoch,
        CancellationToken token
    )
    {
        var held = _held.Find(cluster, holder, epoch);
        if (held is not null)
        {
            var code = await held.ProlongAsync(token).ConfigureAwait(false);
            if (code != ZooKeeperCode.Ok && code != ZooKeeperCode.SessionExpired)
            {
                return null;
            }

            // Expired is not lost yet: another process of this holder may have taken it on.
            held = code == ZooKeeperCode.Ok ? held : null;
        }

        // The proof is of a session; whether the lease still goes with it is asked afterwards.
        var state = await nodes.ReadAsync((IOrderedSession?)held ?? _client, token).ConfigureAwait(false);
        if (state is null)
        {
            return null;
        }

        if (!state.IsHeldBy(holder, epoch))
        {
            await _held.ForgetAsync(cluster, holder, epoch, token).ConfigureAwait(false);
            return new RenewResult.Lost();
        }

        if (held is not null && state.LeaseOwner == held.SessionId)
        {
            return new RenewResult.Renewed(held.CountedFrom, state.Ttl);
        }

        var (session, _) = await _held.HoldAsync(state.Ttl, nodes.Move(state), token).ConfigureAwait(false);
        if (session is null)
        {
            return null;
        }

        await _held.KeepAsync(cluster, new HeldLease(session, holder, epoch, clock)).ConfigureAwait(false);
        return new RenewResult.Renewed(session.CountedFrom, state.Ttl);
    }
}
