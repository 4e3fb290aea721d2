using ClusterSession.Redis.Protocol;

namespace ClusterSession.Redis.Connection;

/// <summary>
/// Knows whether a server of a cluster still decides on its keys. An answer proves only that the
/// connection is alive: a master that is cut off from the others answers PING, ROLE and INFO as
/// before, and refuses only commands with keys. Thread-safe.
/// </summary>
internal interface ISlotRuler
{
    /// <summary>
    /// A key in a slot that is looked for at this connection's server; null if there is none.
    /// </summary>
    byte[]? HeartbeatKeyOf(RedisConnection connection);

    /// <summary>
    /// What to put into the braces of a key so that the key is in a slot of this connection's
    /// server; null if the server has no slot. The connection need not have been handed out yet.
    /// </summary>
    string? TagOf(RedisConnection connection);

    /// <summary>
    /// Whether the map of slots was confirmed lately enough for a lease of this length. Cheap.
    /// </summary>
    bool IsMapCurrent(TimeSpan lease);

    /// <summary>The server has refused the heartbeat.</summary>
    void ReportError(RedisConnection connection, RedisErrorKind kind, string? text = null);
}
