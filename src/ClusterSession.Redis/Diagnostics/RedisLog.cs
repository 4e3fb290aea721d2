using ClusterSession.Redis.Protocol;
using ClusterSession.Transport.Diagnostics;
using Microsoft.Extensions.Logging;

namespace ClusterSession.Redis.Diagnostics;

/// <summary>
/// Every message of the Redis store: what happened, what the node does now, what to do; event ids
/// from 5000. None carries an id, a token, a key or a value. Reasons are whole
/// sentences, made so by <see cref="LogSentence"/>.
/// </summary>
internal static partial class RedisLog
{
    [LoggerMessage(5001, LogLevel.Information, "Connected to Redis {Version} at {Endpoint}.")]
    public static partial void Connected(this ILogger logger, RedisEndpoint endpoint, string version);

    [LoggerMessage(5002, LogLevel.Warning, "Lost the connection to Redis at {Endpoint}. {Reason} Reconnecting.")]
    public static partial void Disconnected(this ILogger logger, RedisEndpoint endpoint, string reason);

    [LoggerMessage(5003, LogLevel.Warning, "Could not connect to Redis at {Endpoint}. {Reason} Retrying.")]
    public static partial void ConnectFailed(this ILogger logger, RedisEndpoint endpoint, string reason);

    [LoggerMessage(
        5004,
        LogLevel.Warning,
        "Redis refused commands ({Kind}). Its last answer: {Reason} What was refused is handled as while it is not "
            + "responding. Remove the cause that the answer names.{Count}"
    )]
    public static partial void Refused(this ILogger logger, RedisErrorKind kind, string reason, string count);

    [LoggerMessage(
        5005,
        LogLevel.Warning,
        "Using Redis at {Endpoint} although it may lack recent commits, because no other server could be reached "
            + "within FenceTimeout (2 s behind one address). {Reason} Check which server is the master."
    )]
    public static partial void DeposedAccepted(this ILogger logger, RedisEndpoint endpoint, string reason);

    [LoggerMessage(
        5006,
        LogLevel.Warning,
        "Redis at {Endpoint} may evict sessions: maxmemory is set and maxmemory-policy is {Policy}. Set it to "
            + "noeviction."
    )]
    public static partial void MayEvict(this ILogger logger, RedisEndpoint endpoint, string policy);

    [LoggerMessage(
        5007,
        LogLevel.Warning,
        "Redis at {Endpoint} persists nothing: after a restart it is empty until the nodes have replayed what they "
            + "have. Set appendonly yes."
    )]
    public static partial void NotPersistent(this ILogger logger, RedisEndpoint endpoint);

    [LoggerMessage(
        5008,
        LogLevel.Warning,
        "Redis at {Endpoint} has replicas but accepts writes without them: a master that is cut off goes on "
            + "accepting writes that are lost. Set min-replicas-to-write 1 and "
            + "min-replicas-max-lag 10."
    )]
    public static partial void WritesWithoutReplicas(this ILogger logger, RedisEndpoint endpoint);

    [LoggerMessage(
        5009,
        LogLevel.Information,
        "Redis {Version} at {Endpoint} works but is old, and errors of its script engine have been fixed since. "
            + "Update it when you can."
    )]
    public static partial void OldVersion(this ILogger logger, RedisEndpoint endpoint, string version);

    [LoggerMessage(
        5010,
        LogLevel.Information,
        "ClusterSession:Redis has changed. Sessions move to {Servers} as soon as they can be reached."
    )]
    public static partial void Moving(this ILogger logger, string servers);

    [LoggerMessage(
        5011,
        LogLevel.Information,
        "Sessions have moved to the servers that ClusterSession:Redis names now. Replaying what this node has into "
            + "them."
    )]
    public static partial void Moved(this ILogger logger);

    [LoggerMessage(
        5012,
        LogLevel.Error,
        "ClusterSession:Redis has changed to a value that cannot be used. {Reason} The servers named before stay in "
            + "use. Correct the setting."
    )]
    public static partial void MoveRefused(this ILogger logger, string reason);

    [LoggerMessage(
        5014,
        LogLevel.Warning,
        "A password goes over plain TCP to {Endpoint}, which is not this machine: anyone who can read the network has "
            + "it, and all sessions. Use TLS: ssl=true or a rediss:// URI for Redis, zookeeperSsl=true for ZooKeeper. "
            + "Further servers are not named."
    )]
    public static partial void PasswordInPlain(this ILogger logger, RedisEndpoint endpoint);

    [LoggerMessage(
        5015,
        LogLevel.Warning,
        "Redis at {Endpoint} refuses commands for its own sessions while any other shard has no master: "
            + "cluster-require-full-coverage is yes. Set it to no on every node of the cluster."
    )]
    public static partial void NeedsAllShards(this ILogger logger, RedisEndpoint endpoint);

    [LoggerMessage(
        5013,
        LogLevel.Information,
        "Closed the connection to Redis at {Endpoint}, which is no longer needed."
    )]
    public static partial void Closed(this ILogger logger, RedisEndpoint endpoint);

    [LoggerMessage(
        5020,
        LogLevel.Warning,
        "Redis at {Endpoint} cannot be relied on to push what others change: {Reason} Each use of a session asks it "
            + "instead, which costs a round trip a request. Use Redis 6.2.7 or later, or Valkey, directly and with "
            + "+client|tracking, or set coherence=Revalidate in the connection string if that is meant."
    )]
    public static partial void Untracked(this ILogger logger, RedisEndpoint endpoint, string reason);

    [LoggerMessage(
        5021,
        LogLevel.Warning,
        "Redis at {Endpoint} refuses {Command}, and the node goes on without. {Cost} Give the user that command."
    )]
    public static partial void CommandRefused(this ILogger logger, RedisEndpoint endpoint, string command, string cost);

    [LoggerMessage(
        5023,
        LogLevel.Warning,
        "ZooKeeper cannot be asked who the master is. {Reason} The last master stays in use while it shows its lease. "
            + "Retrying."
    )]
    public static partial void DirectoryLost(this ILogger logger, string reason);

    [LoggerMessage(5024, LogLevel.Information, "ZooKeeper can be asked again who the master is.")]
    public static partial void DirectoryFound(this ILogger logger);

    [LoggerMessage(
        5025,
        LogLevel.Warning,
        "INFO of Redis at {Endpoint} lacks run_id, master_replid, or both. {Cost} Use Redis or Valkey directly if that "
            + "is too much."
    )]
    public static partial void Unidentified(this ILogger logger, RedisEndpoint endpoint, string cost);

    [LoggerMessage(
        5022,
        LogLevel.Warning,
        "Redis at {Endpoint} has evicted {Count} keys since it was asked last, sessions perhaps among them. Set "
            + "maxmemory-policy to noeviction, and raise maxmemory."
    )]
    public static partial void Evicted(this ILogger logger, RedisEndpoint endpoint, long count);
}
