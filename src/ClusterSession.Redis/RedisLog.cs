using ClusterSession.Redis.Protocol;
using Microsoft.Extensions.Logging;

namespace ClusterSession.Redis;

/// <summary>Every message of the Redis store; event ids from 5000. None carries an id, a token, a key or a value.</summary>
internal static partial class RedisLog
{
    [LoggerMessage(5001, LogLevel.Information, "Connected to Redis {Version} at {Endpoint}.")]
    public static partial void Connected(this ILogger logger, RedisEndpoint endpoint, string version);

    [LoggerMessage(5002, LogLevel.Warning, "The connection to Redis at {Endpoint} was lost: {Reason}")]
    public static partial void Disconnected(this ILogger logger, RedisEndpoint endpoint, string reason);

    [LoggerMessage(5003, LogLevel.Warning, "No connection to Redis at {Endpoint}: {Reason} It is tried again.")]
    public static partial void ConnectFailed(this ILogger logger, RedisEndpoint endpoint, string reason);

    [LoggerMessage(5004, LogLevel.Warning, "Redis refused a command ({Kind}): {Reason}")]
    public static partial void Refused(this ILogger logger, RedisErrorKind kind, string reason);

    [LoggerMessage(5005, LogLevel.Warning, "Redis at {Endpoint} is used although it was deposed: {Reason}")]
    public static partial void DeposedAccepted(this ILogger logger, RedisEndpoint endpoint, string reason);

    [LoggerMessage(5006, LogLevel.Warning, "Redis at {Endpoint} may evict sessions: maxmemory is set and maxmemory-policy is {Policy}. Set it to noeviction.")]
    public static partial void MayEvict(this ILogger logger, RedisEndpoint endpoint, string policy);

    [LoggerMessage(5007, LogLevel.Warning,
        "Redis at {Endpoint} persists nothing: after a restart it is empty until the nodes have given back what they have. Set appendonly yes.")]
    public static partial void NotPersistent(this ILogger logger, RedisEndpoint endpoint);

    [LoggerMessage(5008, LogLevel.Warning,
        "Redis at {Endpoint} has replicas but takes writes without them: a master that was cut off goes on taking writes that are lost. Set min-replicas-to-write 1 and min-replicas-max-lag.")]
    public static partial void WritesWithoutReplicas(this ILogger logger, RedisEndpoint endpoint);

    [LoggerMessage(5010, LogLevel.Information, "ClusterSession:Redis has changed: sessions move to {Servers} as soon as they can be reached.")]
    public static partial void Moving(this ILogger logger, string servers);

    [LoggerMessage(5011, LogLevel.Information, "Sessions have moved: the servers that ClusterSession:Redis names now are used, and are given what this node has.")]
    public static partial void Moved(this ILogger logger);

    [LoggerMessage(5012, LogLevel.Error, "ClusterSession:Redis has changed to what cannot be used; the servers named before are used on. {Reason}")]
    public static partial void MoveRefused(this ILogger logger, string reason);

    [LoggerMessage(5009, LogLevel.Information,
        "Redis {Version} at {Endpoint} works but is old; holes in its script engine were mended since. Update it when you can.")]
    public static partial void OldVersion(this ILogger logger, RedisEndpoint endpoint, string version);
}
