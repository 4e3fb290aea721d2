using System.Collections.Concurrent;
using ClusterSession.Redis;
using ClusterSession.Redis.Connection;
using ClusterSession.Redis.Topology;
using ClusterSession.Transport.Pipelines;
using ClusterSession.Transport.Sockets;

namespace ClusterSession.Tests.Redis.Connection;

/// <summary>Writes down what a topology tells.</summary>
internal sealed class RecordingObserver : IRedisTopologyObserver
{
    public ConcurrentQueue<string> Events { get; } = new();

    public void OnConnected(RedisConnection connection, RedisServerIdentity? previous) =>
        Events.Enqueue($"connected {connection.Server.ContinuityFrom(previous)}");

    public void OnDisconnected(RedisConnection connection, ConnectionException reason) =>
        Events.Enqueue("disconnected");

    public void OnConnectFailed(RedisEndpoint endpoint, ConnectException failure) =>
        Events.Enqueue($"failed {failure.Failure}");
}
