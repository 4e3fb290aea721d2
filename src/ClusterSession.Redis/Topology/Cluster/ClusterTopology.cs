using System.Diagnostics.CodeAnalysis;
using ClusterSession.Redis.Connection;
using ClusterSession.Redis.Protocol;

namespace ClusterSession.Redis.Topology.Cluster;

/// <summary>
/// Redis Cluster: one link for each master, a key goes to the owner of its slot. Thread-safe.
/// </summary>
/// <remarks>
/// <code>
///   key --CRC16--> slot --> [ routes ] --> link of the owner --> connection
///                             ^     ^
///       MOVED (one slot) -----'     '----- slot map &lt;-- CLUSTER NODES of any node: every second, and every 100 ms while a master is missing
/// </code>
/// A promoted replica gets the place of the master whose slots it took, so that its history is
/// compared with that one's (<see cref="RedisServerIdentity.ContinuityFrom"/>), and its partition
/// (<see cref="ShardLinks"/>). A slot that was moved between living masters has lost nothing:
/// MIGRATE hands over the keys, and deletes them at the source, which invalidates what was read
/// there; besides, the old owner's lease is revoked. Which of two views is newer is decided by
/// configuration epochs (<see cref="SlotMap"/>).
/// </remarks>
internal sealed class ClusterTopology : IRedisTopology
{
    private static readonly TimeSpan WholeInterval = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan BrokenInterval = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan LeastInterval = TimeSpan.FromMilliseconds(20);
    private static readonly TimeSpan Patience = TimeSpan.FromMilliseconds(300);
    private const int MostAskedAfresh = 3;
    private readonly RedisOptions _options;
    private readonly RedisConnector _connector;
    private readonly RedisConnector _discovery;
    private readonly TimeProvider _time;
    private readonly IRedisTopologyObserver? _observer;
    private readonly SlotRuler? _ruler;
    private readonly CancellationTokenSource _stop = new();

    // Used by the refreshing loop only, and under _gate to begin links.
    private readonly Random _random;

    // Guards everything below; _routes is also read without it, slot by slot. Not held while
    // calling out, except to begin a link.
    private readonly Lock _gate = new();
    private readonly ShardLinks _links;
    private RedisLink?[] _routes = new RedisLink?[HashSlot.Count];
    private RedisPartition[] _partitions = [default];
    private SlotMap _map = SlotMap.Empty;
    private TaskCompletionSource _changed = NewSignal();
    private TaskCompletionSource _kick = NewSignal();
    private RedisConnectException? _lastFailure;
    private Task _loop = Task.CompletedTask;

    /// <summary>A topology that has not begun to connect.</summary>
    public ClusterTopology(
        RedisOptions options,
        TimeProvider time,
        Random random,
        IRedisPushHandler? pushHandler,
        IRedisTopologyObserver? observer,
        string? heartbeatPrefix = null
    )
    {
        if (options.Database != 0)
        {
            throw new ArgumentException(
                $"Database is {options.Database}: a cluster has database 0 only.",
                nameof(options)
            );
        }

        _options = options.Snapshot();
        _time = time;
        _ruler = heartbeatPrefix is null ? null : new SlotRuler(heartbeatPrefix, time, RouteOf, ReportError);
        _random = new Random(random.Next());
        _observer = observer;
        _connector = new RedisConnector(
            options,
            time,
            pushHandler,
            new RedisHandshakeOptions(Tracking: pushHandler is not null, RequiredRole: RedisRole.Master)
        );
        _discovery = new RedisConnector(options, time, null, new RedisHandshakeOptions());
        _links = new ShardLinks(
            (endpoint, previous, partition) =>
                new RedisLink(
                    new ClusterEndpointSelector(endpoint, Kick, _ruler),
                    _connector,
                    _time,
                    new Random(_random.Next()),
                    _observer,
                    previous,
                    partition: partition
                )
        );
    }

    /// <summary>The slot map as it is known now.</summary>
    public SlotMap Map
    {
        get
        {
            lock (_gate)
            {
                return _map;
            }
        }
    }

    /// <inheritdoc/>
    public bool IsPartitioned => true;

    /// <inheritdoc/>
    public IReadOnlyList<RedisPartition> Partitions => Volatile.Read(ref _partitions);

    /// <inheritdoc/>
    public int PartitionOf(ReadOnlySpan<byte> key) => RouteOf(HashSlot.Of(key))?.Partition ?? 0;

    /// <inheritdoc/>
    public void Start() => Detached.Run(() => _loop = Task.Run(RefreshLoopAsync));

    /// <inheritdoc/>
    public bool TryGetConnection(ReadOnlySpan<byte> key, [NotNullWhen(true)] out RedisConnection? connection) =>
        (connection = RouteOf(HashSlot.Of(key))?.Current) is not null;

    /// <inheritdoc/>
    public async ValueTask<RedisConnection> GetConnectionAsync(
        ReadOnlyMemory<byte> key,
        CancellationToken cancellationToken
    )
    {
        var slot = HashSlot.Of(key.Span);
        var begun = _time.GetTimestamp();
        while (true)
        {
            Task changed;
            RedisConnectException? failure;
            lock (_gate)
            {
                (changed, failure) = (_changed.Task, _lastFailure);
            }

            var link = RouteOf(slot);
            if (link?.Current is { } connection)
            {
                return connection;
            }

            var left = _options.ConnectTimeout - _time.GetElapsedTime(begun);
            if (left <= TimeSpan.Zero || (link is null && failure is { NeedsOperator: true }))
            {
                throw new RedisConnectException(
                    failure?.Failure ?? RedisConnectFailure.TimedOut,
                    $"No connection to the master of slot {slot} within {_options.ConnectTimeout.TotalMilliseconds:0} ms (ConnectTimeout)."
                        + ((link?.LastFailure ?? failure) is { } last ? $" Last attempt: {last.Message}" : ""),
                    failure
                );
            }

            // Whichever comes first: the owner answers, or somebody else becomes the owner.
            using var over = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            var connecting = link?.GetAsync(over.Token).AsTask() ?? Task.Delay(left, _time, over.Token);
            var first = await Task.WhenAny(changed, connecting).ConfigureAwait(false);
            await over.CancelAsync().ConfigureAwait(false);
            cancellationToken.ThrowIfCancellationRequested();
            if (
                first == connecting
                && connecting
                    is {
                        IsFaulted: true,
                        Exception.InnerException: RedisConnectException { NeedsOperator: true } refused
                    }
            )
            {
                throw refused;
            }

            if (first == connecting && connecting.IsFaulted)
            {
                await Task.Delay(LeastInterval, _time, cancellationToken).ConfigureAwait(false);
            }

            _ = connecting.Exception;
        }
    }

    /// <inheritdoc/>
    public void ReportError(RedisConnection connection, RedisErrorKind kind, string? text = null)
    {
        switch (kind)
        {
            case RedisErrorKind.Moved
                when text is not null && Redirection.TryParse(text, connection.Endpoint, out var moved):
                lock (_gate)
                {
                    if (!_stop.IsCancellationRequested)
                    {
                        RouteLocked(moved, connection.Endpoint);
                    }
                }

                _observer?.OnKeysMoved(connection);
                Kick();
                break;
            case RedisErrorKind.ReadOnly or RedisErrorKind.MasterDown:
                connection.Close($"the server is no master any more ({kind}).");
                Kick();
                break;
            case RedisErrorKind.ClusterDown:
                Kick();
                break;
        }
    }

    /// <inheritdoc/>
    public async ValueTask<RedisConnection?> GetRedirectAsync(
        RedisConnection connection,
        string text,
        CancellationToken cancellationToken
    )
    {
        if (!Redirection.TryParse(text, connection.Endpoint, out var ask))
        {
            return null;
        }

        RedisLink link;
        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(_stop.IsCancellationRequested, this);
            link = _links.Get(ask.Endpoint);
            _links.Start();
        }

        return await link.GetAsync(cancellationToken).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync().ConfigureAwait(false);
        await _loop.ConfigureAwait(false);
        Task closing;
        lock (_gate)
        {
            closing = _links.CloseAsync();
        }

        await closing.ConfigureAwait(false);
        _stop.Dispose();
    }

    private static TaskCompletionSource NewSignal() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    private RedisLink? RouteOf(int slot) => Volatile.Read(ref Volatile.Read(ref _routes)[slot]);

    private void Kick()
    {
        lock (_gate)
        {
            _kick.TrySetResult();
        }
    }

    /// <summary>
    /// A server says who owns one slot. That may be its former replica, before the slot map says
    /// so.
    /// </summary>
    private void RouteLocked(Redirection moved, RedisEndpoint by)
    {
        var former = RouteOf(moved.Slot);
        var link = _links.Get(moved.Endpoint, _map.MasterOf(moved.Endpoint) == by ? _links.Find(by) : null);
        if (former is not null && former.Partition != link.Partition)
        {
            _observer?.OnPartitionChanged(former.Partition, link.Partition);
        }

        Volatile.Write(ref _routes[moved.Slot], link);
        _links.Start();
    }

    private async Task RefreshLoopAsync()
    {
        while (!_stop.IsCancellationRequested)
        {
            try
            {
                lock (_gate)
                {
                    if (_kick.Task.IsCompleted)
                    {
                        _kick = NewSignal();
                    }
                }

                await RefreshAsync().ConfigureAwait(false);
                Task kick;
                TimeSpan pause;
                lock (_gate)
                {
                    kick = _kick.Task;
                    pause = (IsWholeLocked() ? WholeInterval : BrokenInterval) * (0.75 + (_random.NextDouble() / 2));
                }

                // Kicks come in crowds: every attempt to reach a dead master is one.
                await Task.Delay(LeastInterval, _time, _stop.Token).ConfigureAwait(false);
                using var over = CancellationTokenSource.CreateLinkedTokenSource(_stop.Token);
                await Task.WhenAny(kick, Task.Delay(pause, _time, over.Token)).ConfigureAwait(false);
                await over.CancelAsync().ConfigureAwait(false);
            }
            catch (OperationCanceledException) when (_stop.IsCancellationRequested)
            {
                return;
            }
        }
    }

    private bool IsWholeLocked() => _map.IsComplete && _links.All.All(link => link.Current is not null);

    /// <summary>
    /// Asks one node, whichever answers: over the connections that are there, else over a new one.
    /// </summary>
    private async Task RefreshAsync()
    {
        RedisConnection[] open;
        RedisEndpoint[] known;
        lock (_gate)
        {
            open = [.. _links.All.Select(link => link.Current).OfType<RedisConnection>()];
            known = [.. _options.Endpoints.Union(_map.Nodes).Except(open.Select(connection => connection.Endpoint))];
            _random.Shuffle(open);
            _random.Shuffle(known);
        }

        foreach (var connection in open)
        {
            if (await AskAsync(connection).ConfigureAwait(false))
            {
                return;
            }
        }

        foreach (var endpoint in known.Take(MostAskedAfresh))
        {
            try
            {
                var connection = await _discovery
                    .ConnectAsync(endpoint, _stop.Token)
                    .WaitAsync(_options.ConnectTimeout, _time, _stop.Token)
                    .ConfigureAwait(false);
                await using (connection.ConfigureAwait(false))
                {
                    if (await AskAsync(connection).ConfigureAwait(false))
                    {
                        return;
                    }
                }
            }
            catch (RedisConnectException failure)
            {
                Failed(endpoint, failure);
            }
        }
    }

    private async Task<bool> AskAsync(RedisConnection connection)
    {
        try
        {
            var askedAt = _time.GetTimestamp();
            var reply = await connection
                .SendAsync(new RedisCommand("CLUSTER", "NODES"))
                .AsTask()
                .WaitAsync(Patience, _time, _stop.Token)
                .ConfigureAwait(false);
            var view = ClusterNode.ParseAll(
                reply.AsString(),
                connection.Endpoint,
                _options is { Tls: true, TlsHost: null }
            );
            if (!view.Any(node => node.Slots.Count > 0))
            {
                Failed(
                    connection.Endpoint,
                    new RedisConnectException(
                        RedisConnectFailure.NotReady,
                        $"{connection.Endpoint} knows of no slots: the cluster is not set up yet."
                    )
                );
                return false;
            }

            Apply(view);
            _ruler?.Confirm(view, askedAt);
            return true;
        }
        catch (RedisServerException e)
        {
            Failed(
                connection.Endpoint,
                new RedisConnectException(
                    RedisConnectFailure.Unsupported,
                    $"{connection.Endpoint} does not tell the cluster's nodes: {e.Text} Give the user +cluster|nodes, or remove cluster=true.",
                    e
                )
            );
            return false;
        }
        catch (Exception e) when (e is RedisConnectionException or TimeoutException)
        {
            return false;
        }
    }

    private void Failed(RedisEndpoint endpoint, RedisConnectException failure)
    {
        TaskCompletionSource changed;
        lock (_gate)
        {
            _lastFailure = failure;
            changed = _changed;
            _changed = NewSignal();
        }

        changed.TrySetResult();
        _observer?.OnConnectFailed(endpoint, failure);
    }

    private void Apply(IReadOnlyList<ClusterNode> view)
    {
        List<RedisConnection> moved = [];
        TaskCompletionSource? changed = null;
        lock (_gate)
        {
            _lastFailure = null;
            var map = _map.With(view);
            var losses = Losses(_map, map);
            if (losses.Count > 0 || !map.Masters.SetEquals(_map.Masters) || _map == SlotMap.Empty)
            {
                Reconcile(map, losses, moved);
                changed = _changed;
                _changed = NewSignal();
            }

            _map = map;
        }

        changed?.TrySetResult();
        foreach (var connection in moved)
        {
            _observer?.OnKeysMoved(connection);
        }
    }

    /// <summary>From whom slots went to whom.</summary>
    private static HashSet<(RedisEndpoint? From, RedisEndpoint To)> Losses(SlotMap before, SlotMap after)
    {
        var losses = new HashSet<(RedisEndpoint?, RedisEndpoint)>();
        for (var slot = 0; slot < HashSlot.Count; slot++)
        {
            if (after[slot] is { } to && before[slot] != to)
            {
                losses.Add((before[slot], to));
            }
        }

        return losses;
    }

    private void Reconcile(
        SlotMap map,
        HashSet<(RedisEndpoint? From, RedisEndpoint To)> losses,
        List<RedisConnection> moved
    )
    {
        foreach (var (from, to) in losses)
        {
            RedisLink? predecessor = null;
            if (from is { } loser && _links.Find(loser) is { } link)
            {
                // It lost its place, not some slots: the new owner was its replica. It may be back
                // by now, and called a master still.
                if (!map.Masters.Contains(loser) || _map.MasterOf(to) == loser)
                {
                    predecessor = link;
                }
                else if (link.Current is { } connection)
                {
                    moved.Add(connection);
                }
            }

            _links.Get(to, predecessor);
        }

        _links.Keep(map.Masters);
        var routes = new RedisLink?[HashSlot.Count];
        var changes = new HashSet<(int From, int To)>();
        var owners = new SortedDictionary<int, RedisEndpoint?>();
        for (var slot = 0; slot < HashSlot.Count; slot++)
        {
            var route = routes[slot] = map[slot] is { } owner ? _links.Find(owner) : null;
            owners[route?.Partition ?? 0] = route is null ? null : map[slot];
            if (_routes[slot] is { } former && route is not null && former.Partition != route.Partition)
            {
                changes.Add((former.Partition, route.Partition));
            }
        }

        foreach (var (from, to) in changes)
        {
            _observer?.OnPartitionChanged(from, to);
        }

        Volatile.Write(ref _partitions, [.. owners.Select(owner => new RedisPartition(owner.Key, owner.Value))]);
        Volatile.Write(ref _routes, routes);
        _links.Start();
    }
}
