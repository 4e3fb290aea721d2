using System.Collections.Concurrent;
using ClusterSession.Redis;
using ClusterSession.Redis.Connection;
using ClusterSession.Redis.Topology;
using ClusterSession.Transport.Pipelines;
using ClusterSession.Transport.Sockets;

namespace ClusterSession.IntegrationTests.Redis.Connection;

/// <summary>Writes down how each new connection's server relates to the one before.</summary>
internal sealed class RecordingObserver : IRedisTopologyObserver
{
    public ConcurrentQueue<RedisContinuity> Continuities { get; } = new();

    public void OnConnected(RedisConnection connection, RedisServerIdentity? previous) =>
        Continuities.Enqueue(connection.Server.ContinuityFrom(previous));

    public void OnDisconnected(RedisConnection connection, ConnectionException reason) { }

    public void OnConnectFailed(RedisEndpoint endpoint, ConnectException failure) { }
}
