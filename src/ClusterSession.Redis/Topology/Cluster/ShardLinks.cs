using ClusterSession.Redis.Connection;

namespace ClusterSession.Redis.Topology.Cluster;

/// <summary>
/// The links to the masters of a cluster, and which partition each serves. Not thread-safe: used
/// under the topology's lock.
/// </summary>
/// <remarks>
/// A partition is the place of a shard: a number that the shard has as long as it owns slots,
/// whichever server is its master. All keys of a partition have one fate, since a server fails,
/// comes back as another one or is behind as a whole. A promoted replica inherits the number, and
/// with it what is known of that fate. Rejected: fixed ranges of slots (a dead shard would have to
/// be found out for each of its ranges, and a range in which two shards meet would fail for both),
/// the endpoint, and the node's id (a failover changes both). Slots that move take their keys to
/// another partition, and the observer hears of it first. The numbers are this node's own, from 1
/// in the order of slots. Number 0 has the keys whose owner is not known.
/// </remarks>
/// <param name="create">Makes a link: to whom, whose place that one takes, for which
/// partition.</param>
internal sealed class ShardLinks(Func<RedisEndpoint, RedisServerIdentity?, int, RedisLink> create)
{
    private readonly Dictionary<RedisEndpoint, RedisLink> _links = [];
    private readonly List<RedisLink> _notStarted = [];
    private readonly List<Task> _closing = [];

    public IEnumerable<RedisLink> All => _links.Values;

    /// <summary>The link to a master, if there is one.</summary>
    public RedisLink? Find(RedisEndpoint endpoint) => _links.GetValueOrDefault(endpoint);

    /// <summary>The link to a master; made if there is none, and to be started.</summary>
    /// <param name="endpoint">Whom it leads to.</param>
    /// <param name="predecessor">Whose place that one takes; null: it has a place of its
    /// own.</param>
    public RedisLink Get(RedisEndpoint endpoint, RedisLink? predecessor = null)
    {
        if (_links.TryGetValue(endpoint, out var link))
        {
            return link;
        }

        link = create(endpoint, predecessor?.LastServer, predecessor?.Partition ?? FreePartition());
        _links.Add(endpoint, link);
        _notStarted.Add(link);
        return link;
    }

    /// <summary>
    /// Begins new links; after keys are routed to them, so that who hears of a connection finds its
    /// keys there.
    /// </summary>
    public void Start()
    {
        foreach (var link in _notStarted)
        {
            link.Start();
        }

        _notStarted.Clear();
    }

    /// <summary>
    /// Whether a link leads to somebody who is no master and is not connected: a redirection that
    /// came late has led there, and nothing else would lead away again.
    /// </summary>
    public bool HasStray(IReadOnlySet<RedisEndpoint> masters) =>
        _links.Any(link => link.Value.Current is null && !masters.Contains(link.Key));

    /// <summary>Ends the links to everybody else.</summary>
    public void Keep(IReadOnlySet<RedisEndpoint> masters)
    {
        foreach (var (endpoint, link) in _links.Where(pair => !masters.Contains(pair.Key)).ToList())
        {
            _links.Remove(endpoint);
            _notStarted.Remove(link);
            _closing.RemoveAll(task => task.IsCompleted);
            _closing.Add(link.DisposeAsync().AsTask());
        }
    }

    /// <summary>Ends all links, and completes when they have ended.</summary>
    public Task CloseAsync()
    {
        Keep(new HashSet<RedisEndpoint>());
        return Task.WhenAll(_closing);
    }

    private int FreePartition()
    {
        var used = _links.Values.Select(link => link.Partition).ToHashSet();
        var free = 1;
        while (used.Contains(free))
        {
            free++;
        }

        return free;
    }
}
