namespace ClusterSession.Redis.Connection;

/// <summary>
/// A command was not answered within the command timeout. Its outcome is unknown.
/// </summary>
internal sealed class RedisTimeoutException(string message) : RedisConnectionException(message, sent: true);
