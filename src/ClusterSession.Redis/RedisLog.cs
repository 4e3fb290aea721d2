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
}
