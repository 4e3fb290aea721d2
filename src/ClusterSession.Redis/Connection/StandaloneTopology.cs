using System.Diagnostics.CodeAnalysis;
using ClusterSession.Redis.Protocol;

namespace ClusterSession.Redis.Connection;

/// <summary>One server for all keys, the master among the endpoints given. Thread-safe.</summary>
/// <remarks>
/// A server that answers READONLY was demoted: the connection is closed, which drops what was read on it, and the endpoints are tried in turn
/// until one is master. Behind one address (HAProxy, a virtual IP) the new connection finds whoever is there now.
/// </remarks>
internal sealed class StandaloneTopology : IRedisTopology
{
    private readonly RedisLink _link;

    /// <summary>A topology that has not begun to connect.</summary>
    public StandaloneTopology(
        RedisOptions options, TimeProvider time, Random random, IRedisPushHandler? pushHandler, IRedisTopologyObserver? observer)
    {
        var handshake = new RedisHandshakeOptions(Tracking: pushHandler is not null, RequiredRole: RedisRole.Master);
        _link = new RedisLink([.. options.Endpoints], new RedisConnector(options, time, pushHandler, handshake), time, random, observer);
    }

    /// <inheritdoc/>
    public void Start() => _link.Start();

    /// <inheritdoc/>
    public bool TryGetConnection(ReadOnlySpan<byte> key, [NotNullWhen(true)] out RedisConnection? connection) =>
        (connection = _link.Current) is not null;

    /// <inheritdoc/>
    public ValueTask<RedisConnection> GetConnectionAsync(ReadOnlyMemory<byte> key, CancellationToken cancellationToken) =>
        _link.GetAsync(cancellationToken);

    /// <inheritdoc/>
    public void ReportError(RedisConnection connection, RedisErrorKind kind, string? text = null)
    {
        if (kind is RedisErrorKind.ReadOnly or RedisErrorKind.MasterDown)
            connection.Close($"the server is no master any more ({kind}).");
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => _link.DisposeAsync();
}
