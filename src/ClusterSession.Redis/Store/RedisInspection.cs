using System.Collections.Concurrent;
using ClusterSession.Redis.Connection;
using ClusterSession.Redis.Diagnostics;
using ClusterSession.Stores;
using ClusterSession.Transport.Diagnostics;
using ClusterSession.Transport.Pipelines;
using ClusterSession.Transport.Sockets;

namespace ClusterSession.Redis.Store;

/// <summary>
/// What the connections of this node have shown of the servers. Those that it never tried are not
/// known: replicas of a cluster, and what sentinels know. Thread-safe.
/// </summary>
internal sealed class RedisInspection(TimeProvider time) : IStoreInspection
{
    private readonly ConcurrentDictionary<RedisEndpoint, StoreServer> _servers = new();
    private readonly ConcurrentDictionary<RedisEndpoint, ILeaseGate> _gates = new();

    public IReadOnlyList<StoreServer> Snapshot() =>
        [
            .. _servers
                .Select(server =>
                    server.Value with
                    {
                        // A lease that the same process takes again is no new connection.
                        Epoch = _gates.GetValueOrDefault(server.Key)?.Epoch ?? 0,
                    }
                )
                .OrderBy(static server => server.Endpoint, StringComparer.Ordinal),
        ];

    public void Connected(RedisConnection connection)
    {
        if (connection.Gate is { } gate)
        {
            _gates[connection.Endpoint] = gate;
        }

        var role = connection.Server.Role switch
        {
            RedisRole.Master => StoreServerRole.Primary,
            RedisRole.Replica => StoreServerRole.Replica,
            _ => StoreServerRole.Unknown,
        };
        Set(connection.Endpoint, server =>
            server with
            {
                Partition = connection.Partition,
                IsConnected = true,
                Role = role,
                Lag = role == StoreServerRole.Primary ? TimeSpan.Zero : null,
            }
        );
    }

    public void Disconnected(RedisConnection connection, ConnectionException reason) =>
        Set(connection.Endpoint, server =>
            reason.IsInOrder
                ? server with
                {
                    IsConnected = false,
                    Lag = null,
                }
                : Failed(server, connection.Endpoint, reason)
        );

    public void Failed(RedisEndpoint endpoint, ConnectException failure) =>
        Set(endpoint, server => server.IsConnected ? server : Failed(server, endpoint, failure));

    /// <summary>Other servers are used from now on.</summary>
    public void Moved()
    {
        foreach (var (endpoint, server) in _servers)
        {
            if (!server.IsConnected)
            {
                _servers.TryRemove(endpoint, out _);
                _gates.TryRemove(endpoint, out _);
            }
        }
    }

    private StoreServer Failed(StoreServer server, RedisEndpoint endpoint, Exception failure) =>
        server with
        {
            IsConnected = false,
            Lag = null,
            LastFailure = LogSentence.Of(endpoint.Address, failure),
            LastFailureAt = time.GetUtcNow(),
        };

    private void Set(RedisEndpoint endpoint, Func<StoreServer, StoreServer> change) =>
        _servers.AddOrUpdate(
            endpoint,
            static (endpoint, change) =>
                change(new StoreServer(0, endpoint.ToString(), StoreServerRole.Unknown, IsConnected: false)),
            static (_, server, change) => change(server),
            change
        );
}
