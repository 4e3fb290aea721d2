namespace ClusterSession.Redis.Protocol;

/// <summary>
/// A reply is well-formed and has the expected type, and says something that cannot be: what is
/// stored was not written by this library. The connection stays, since the next reply is another
/// question's.
/// </summary>
internal sealed class RedisUnreadableReplyException(Exception reason)
    : Exception($"A reply cannot be understood: {reason.Message}", reason);
