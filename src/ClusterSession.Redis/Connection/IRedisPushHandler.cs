namespace ClusterSession.Redis.Connection;

/// <summary>
/// Takes what the server sends unasked. Called on the connection's reader loop, in order with the
/// replies: quick, and without exceptions.
/// </summary>
internal interface IRedisPushHandler
{
    /// <summary>
    /// A key that was read on this connection has changed; the server has forgotten that it was
    /// read.
    /// </summary>
    void OnInvalidate(RedisConnection connection, ReadOnlySpan<byte> key);

    /// <summary>
    /// Everything that was read on this connection may have changed (FLUSHALL, FLUSHDB, full
    /// resynchronisation of a replica).
    /// </summary>
    void OnInvalidateAll(RedisConnection connection);

    /// <summary>
    /// A message of a channel that was subscribed to on this connection. Default: ignored.
    /// </summary>
    void OnMessage(RedisConnection connection, ReadOnlySpan<byte> channel, ReadOnlySpan<byte> payload) { }
}
