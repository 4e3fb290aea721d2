using ClusterSession.Redis.Connection;
using ClusterSession.Transport.Signals;
using ClusterSession.Transport.Sockets;

namespace ClusterSession.Redis.Topology.Cluster;

/// <summary>
/// Which link serves which slot, by the slot map and by what servers say of single slots.
/// Thread-safe.
/// </summary>
/// <remarks>
/// A promoted replica gets the place of the master whose slots it took, so that its history is
/// compared with that one's (<see cref="RedisServerIdentity.ContinuityFrom"/>), and its partition
/// (<see cref="ShardLinks"/>). A slot that was moved between living masters has lost nothing:
/// MIGRATE hands over the keys, and deletes them at the source, which invalidates what was read
/// there; besides, the old owner's lease is revoked.
/// </remarks>
/// <param name="links">The links, used under the lock of this class alone.</param>
/// <param name="observer">Hears which keys and partitions moved.</param>
internal sealed class SlotRoutes(ShardLinks links, IRedisTopologyObserver? observer)
{
    // Guards everything below; _routes is also read without it, slot by slot. Not held while
    // calling out, except to begin a link and to call the observer's OnPartitionChanged.
    private readonly Lock _gate = new();
    private RedisLink?[] _routes = new RedisLink?[HashSlot.Count];
    private RedisPartition[] _partitions = [default];
    private SlotMap _map = SlotMap.Empty;
    private readonly ChangeSignal _changed = new();
    private ConnectException? _lastFailure;
    private bool _isClosed;

    /// <summary>The link of a slot's owner; null if none is known.</summary>
    public RedisLink? this[int slot] => Volatile.Read(ref Volatile.Read(ref _routes)[slot]);

    /// <summary>The partitions that own slots now, and those of no known owner.</summary>
    public IReadOnlyList<RedisPartition> Partitions => Volatile.Read(ref _partitions);

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

    /// <summary>Whether every slot has an owner and every master a connection.</summary>
    public bool IsWhole
    {
        get
        {
            lock (_gate)
            {
                return _map.IsComplete && links.All.All(link => link.Current is not null);
            }
        }
    }

    /// <summary>The connections that are open now.</summary>
    public RedisConnection[] Open
    {
        get
        {
            lock (_gate)
            {
                return [.. links.All.Select(link => link.Current).OfType<RedisConnection>()];
            }
        }
    }

    /// <summary>What to wait for, and why the last question about the slots failed.</summary>
    /// <returns>A task that completes when the owners change or another question fails.</returns>
    public (Task Changed, ConnectException? LastFailure) Watch()
    {
        lock (_gate)
        {
            return (_changed.Next, _lastFailure);
        }
    }

    /// <summary>The link to a node; begun if there is none.</summary>
    /// <exception cref="ObjectDisposedException">The links have ended.</exception>
    public RedisLink LinkTo(RedisEndpoint endpoint)
    {
        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(_isClosed, this);
            var link = links.Get(endpoint);
            links.Start();
            return link;
        }
    }

    /// <summary>
    /// A server says who owns one slot. That may be its former replica, before the slot map says
    /// so.
    /// </summary>
    public void Redirect(Redirection moved, RedisEndpoint by)
    {
        lock (_gate)
        {
            if (_isClosed)
            {
                return;
            }

            var former = _routes[moved.Slot];
            var link = links.Get(moved.Endpoint, PredecessorOf(moved.Endpoint, by, former));
            if (former is not null && former.Partition != link.Partition)
            {
                observer?.OnPartitionChanged(former.Partition, link.Partition);
            }

            Volatile.Write(ref _routes[moved.Slot], link);
            links.Start();
        }
    }

    /// <summary>A question about the slots failed: those who wait for an owner see why.</summary>
    public void Failed(ConnectException failure)
    {
        lock (_gate)
        {
            _lastFailure = failure;
        }

        _changed.Set();
    }

    /// <summary>A node has told its view of the cluster.</summary>
    public void Apply(IReadOnlyList<ClusterNode> view)
    {
        List<RedisConnection> moved = [];
        var isChanged = false;
        lock (_gate)
        {
            _lastFailure = null;
            var map = _map.With(view);
            var moves = Moves(_map, map);
            if (
                moves.Count > 0
                || !map.Masters.SetEquals(_map.Masters)
                || _map == SlotMap.Empty
                || links.HasStray(map.Masters)
            )
            {
                Reconcile(map, moves, moved);
                isChanged = true;
            }

            _map = map;
        }

        if (isChanged)
        {
            _changed.Set();
        }

        foreach (var connection in moved)
        {
            observer?.OnKeysMoved(connection);
        }
    }

    /// <summary>Ends all links, and completes when they have ended.</summary>
    public Task CloseAsync()
    {
        lock (_gate)
        {
            _isClosed = true;
            return links.CloseAsync();
        }
    }

    /// <summary>From whom slots went to whom.</summary>
    private static HashSet<(RedisEndpoint? From, RedisEndpoint To)> Moves(SlotMap before, SlotMap after)
    {
        var moves = new HashSet<(RedisEndpoint?, RedisEndpoint)>();
        for (var slot = 0; slot < HashSlot.Count; slot++)
        {
            if (after[slot] is { } to && before[slot] != to)
            {
                moves.Add((before[slot], to));
            }
        }

        return moves;
    }

    /// <summary>
    /// The link whose place a server takes, where a redirection names the server before the map
    /// does: the link of its master, or else of the former owner of the slot. Without a predecessor
    /// the server would count as one that was never seen, and nothing would be replayed to it. Null
    /// where the map already calls the server a master, unless its master has sent the redirection.
    /// </summary>
    private RedisLink? PredecessorOf(RedisEndpoint moved, RedisEndpoint by, RedisLink? former) =>
        _map.MasterOf(moved) == by ? links.Find(by)
        : _map.Masters.Contains(moved) ? null
        : _map.MasterOf(moved) is { } master ? links.Find(master)
        : former;

    private void Reconcile(
        SlotMap map,
        HashSet<(RedisEndpoint? From, RedisEndpoint To)> moves,
        List<RedisConnection> moved
    )
    {
        foreach (var (from, to) in moves)
        {
            RedisLink? predecessor = null;
            if (from is { } loser && links.Find(loser) is { } link)
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

            links.Get(to, predecessor);
        }

        links.Keep(map.Masters);
        var routes = new RedisLink?[HashSlot.Count];
        var changes = new HashSet<(int From, int To)>();
        var owners = new SortedDictionary<int, RedisEndpoint?>();
        for (var slot = 0; slot < HashSlot.Count; slot++)
        {
            var route = routes[slot] = map[slot] is { } owner ? links.Find(owner) : null;
            owners[route?.Partition ?? 0] = route is null ? null : map[slot];
            if (_routes[slot] is { } former && route is not null && former.Partition != route.Partition)
            {
                changes.Add((former.Partition, route.Partition));
            }
        }

        foreach (var (from, to) in changes)
        {
            observer?.OnPartitionChanged(from, to);
        }

        Volatile.Write(ref _partitions, [.. owners.Select(owner => new RedisPartition(owner.Key, owner.Value))]);
        Volatile.Write(ref _routes, routes);
        links.Start();
    }
}
