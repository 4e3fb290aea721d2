using ClusterSession.Redis.Connection;
using ClusterSession.Redis.Connection.Fencing;
using ClusterSession.Redis.Topology.Cluster;
using ClusterSession.Redis.Topology.Published;
using ClusterSession.Redis.Topology.Sentinel;
using ClusterSession.Redis.Topology.Standalone;

namespace ClusterSession.Redis.Topology.Detection;

/// <summary>
/// Chooses the topology that the options ask for. Nothing else decides, except in the last row
/// below: there the answer of a server does.
/// </summary>
/// <remarks>
/// <code>
/// zookeeper=...    the master that agents have published there, with its lease record
/// serviceName=...  Sentinel: the endpoints are sentinels
/// cluster=true     Cluster
/// cluster=false    one server, or several of which one is master, also behind one address
///                  (HAProxy, a virtual IP)
/// fence=lease      one server, or several: the one that shows the lease record of its agent
/// none of these    as cluster=false, until a server says that it is a node of a cluster
/// </code>
/// </remarks>
internal static class RedisTopology
{
    /// <summary>A topology that has not begun to connect.</summary>
    /// <param name="options">Where to connect; a copy is taken.</param>
    /// <param name="time">Clock of all deadlines.</param>
    /// <param name="random">Used during this call, and by the topology's own loops.</param>
    /// <param name="pushHandler">Takes invalidations; null: reads are not tracked.</param>
    /// <param name="observer">Hears of connections made and lost.</param>
    /// <param name="generationKey">Tells data from before a failover where nobody numbers
    /// configurations; null: without.</param>
    /// <param name="heartbeatPrefix">What keys begin with that heartbeats in a cluster read; null:
    /// leases are not proved by keys.</param>
    /// <param name="leaseKey">Where the lease record is, for options that require one.</param>
    /// <exception cref="ArgumentException">The options cannot be used; says why.</exception>
    public static IRedisTopology Create(
        RedisOptions options,
        TimeProvider time,
        Random random,
        IRedisPushHandler? pushHandler,
        IRedisTopologyObserver? observer,
        GenerationKey? generationKey = null,
        string? heartbeatPrefix = null,
        byte[]? leaseKey = null
    )
    {
        if (options.Validate() is { Count: > 0 } errors)
        {
            throw new ArgumentException(string.Join(' ', errors), nameof(options));
        }

        var copy = options.Snapshot();
        if (copy.ServiceName is not null)
        {
            return new SentinelTopology(copy, time, random, pushHandler, observer);
        }

        if (copy.ZooKeeper is not null)
        {
            return NewPublished();
        }

        if (copy.Fence == RedisFence.Lease)
        {
            return new StandaloneTopology(copy, time, random, pushHandler, observer, leaseKey: leaseKey);
        }

        var randomOfCluster = new Random(random.Next());
        return copy.Cluster switch
        {
            true => NewCluster(),
            false => new StandaloneTopology(copy, time, random, pushHandler, observer, generationKey),
            null => new DetectingTopology(
                found => new StandaloneTopology(
                    copy,
                    time,
                    random,
                    pushHandler,
                    observer,
                    generationKey,
                    copy.Database == 0 ? found : null
                ),
                NewCluster
            ),
        };

        // By itself, so that nobody else loads the client.
        IRedisTopology NewPublished() =>
            new PublishedTopology(
                copy,
                new ZooKeeperDirectory(copy.ZooKeeper, copy.ZooKeeperCluster, time, new Random(random.Next())),
                time,
                random,
                pushHandler,
                observer,
                leaseKey
            );

        IRedisTopology NewCluster() =>
            new ClusterTopology(copy, time, randomOfCluster, pushHandler, observer, heartbeatPrefix);
    }
}
