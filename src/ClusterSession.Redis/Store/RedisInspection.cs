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
    private readonly ConcurrentDictionary<RedisEndpoint, Seen> _servers = new();

    public IReadOnlyList<StoreServer> Snapshot() =>
        [
            .. _servers
                .Values.Select(static seen => seen.Now)
                .OrderBy(static server => server.Endpoint, StringComparer.Ordinal),
        ];

    public void Connected(RedisConnection connection)
    {
        var role = connection.Server.Role switch
        {
            RedisRole.Master => StoreServerRole.Primary,
            RedisRole.Replica => StoreServerRole.Replica,
            _ => StoreServerRole.Unknown,
        };
        Set(connection.Endpoint, seen => new Seen(
            seen.Server with
            {
                Partition = connection.Partition,
                IsConnected = true,
                Role = role,
                Lag = role == StoreServerRole.Primary ? TimeSpan.Zero : null,
            },
            connection.Gate
        ));
    }

    public void Disconnected(RedisConnection connection, ConnectionException reason) =>
        Set(connection.Endpoint, seen =>
            reason.IsInOrder
                ? new Seen(seen.Server with { IsConnected = false, Lag = null }, Gate: null)
                : Failed(seen.Server, connection.Endpoint, reason)
        );

    public void Failed(RedisEndpoint endpoint, ConnectException failure) =>
        Set(endpoint, seen => seen.Server.IsConnected ? seen : Failed(seen.Server, endpoint, failure));

    /// <summary>Other servers are used from now on.</summary>
    public void Moved()
    {
        foreach (var server in _servers)
        {
            if (!server.Value.Server.IsConnected)
            {
                _servers.TryRemove(server); // Unless it was connected meanwhile.
            }
        }
    }

    private Seen Failed(StoreServer server, RedisEndpoint endpoint, Exception failure) =>
        new(
            server with
            {
                IsConnected = false,
                Lag = null,
                LastFailure = LogSentence.Of(endpoint.Address, failure),
                LastFailureAt = time.GetUtcNow(),
            },
            Gate: null
        );

    private void Set(RedisEndpoint endpoint, Func<Seen, Seen> change) =>
        _servers.AddOrUpdate(
            endpoint,
            static (endpoint, change) =>
                change(
                    new Seen(
                        new StoreServer(0, endpoint.ToString(), StoreServerRole.Unknown, IsConnected: false),
                        Gate: null
                    )
                ),
            static (_, seen, change) => change(seen),
            change
        );

    /// <param name="Server">The server.</param>
    /// <param name="Gate">Of the connection to it: a process that takes its lease again has another
    /// epoch without a new connection. Null: none is open, or it shows no lease.</param>
    private sealed record Seen(StoreServer Server, ILeaseGate? Gate)
    {
        public StoreServer Now => Server with { Epoch = Gate?.Epoch ?? 0 };
    }
}
