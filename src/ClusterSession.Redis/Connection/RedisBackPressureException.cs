namespace ClusterSession.Redis.Connection;

/// <summary>
/// A command was refused because too many commands or bytes wait on the connection already. It was
/// not sent.
/// </summary>
internal sealed class RedisBackPressureException(string message) : RedisConnectionException(message, sent: false);
