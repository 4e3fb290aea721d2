using ClusterSession.Redis.Connection;
using ClusterSession.Transport.Pipelines;
using ClusterSession.Transport.Sockets;

namespace ClusterSession.Redis.Topology;

/// <summary>
/// Hears of connections made and lost. Called by the topology's loops, one call at a time per
/// server: quick, and without exceptions.
/// </summary>
internal interface IRedisTopologyObserver
{
    /// <summary>
    /// A connection was made; it is handed out from now on. What was read on an earlier connection
    /// is worth nothing any more.
    /// </summary>
    /// <param name="connection">The new connection; <see cref="RedisConnection.Server"/> says who
    /// is there.</param>
    /// <param name="previous">Who was there before (same place of the topology), or null. See
    /// <see cref="RedisServerIdentity.ContinuityFrom"/>.</param>
    void OnConnected(RedisConnection connection, RedisServerIdentity? previous);

    /// <summary>A connection was lost or given up.</summary>
    void OnDisconnected(RedisConnection connection, ConnectionException reason);

    /// <summary>An attempt to connect failed; there will be another.</summary>
    void OnConnectFailed(RedisEndpoint endpoint, ConnectException failure);

    /// <summary>
    /// Some keys have moved from this connection's server to another one; the connection lives on.
    /// Default: ignored.
    /// </summary>
    void OnKeysMoved(RedisConnection connection) { }

    /// <summary>
    /// Keys go from one partition to another now. Called under the topology's lock, before a key is
    /// looked for there. Default: ignored.
    /// </summary>
    void OnPartitionChanged(int from, int to) { }

    /// <summary>
    /// A server is about to be used although it was seen to be deposed, because nothing else could
    /// be reached for <see cref="RedisOptions.FenceTimeout"/>, or behind one address for 2 s.
    /// Default: ignored.
    /// </summary>
    void OnDeposedAccepted(RedisConnection connection, string reason) { }

    /// <summary>
    /// The directory in which the master is published cannot be read; what it said last is used.
    /// Called by loops of its own. Default: ignored.
    /// </summary>
    void OnDirectoryLost(RedisEndpoint directory, ConnectException reason) { }

    /// <summary>
    /// The directory in which the master is published can be read again. Default: ignored.
    /// </summary>
    void OnDirectoryFound(RedisEndpoint directory) { }
}
