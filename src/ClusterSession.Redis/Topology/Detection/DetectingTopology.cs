using System.Diagnostics.CodeAnalysis;
using ClusterSession.Redis.Connection;
using ClusterSession.Redis.Protocol;
using ClusterSession.Transport.Sockets;

namespace ClusterSession.Redis.Topology.Detection;

/// <summary>
/// Takes the endpoints for single servers until one of them says that it is a node of a cluster,
/// then for a cluster. Thread-safe.
/// </summary>
/// <remarks>So that the same connection string serves both: many owners of a connection string do
/// not know what it leads to.</remarks>
internal sealed class DetectingTopology : IRedisTopology
{
    private readonly Func<IRedisTopology> _cluster;
    private readonly Lock _gate = new();
    private readonly IRedisTopology _single;
    private IRedisTopology _current;
    private Task _leaving = Task.CompletedTask;
    private bool _isDisposed;

    /// <summary>A topology that has not begun to connect.</summary>
    /// <param name="single">Makes the topology to begin with; calls back when a server is a node of
    /// a cluster.</param>
    /// <param name="cluster">Makes the topology to go over to.</param>
    public DetectingTopology(Func<Action, IRedisTopology> single, Func<IRedisTopology> cluster)
    {
        _cluster = cluster;
        _current = _single = single(Switch);
    }

    private IRedisTopology Current => Volatile.Read(ref _current);

    /// <inheritdoc/>
    public void Start() => Current.Start();

    /// <inheritdoc/>
    public bool IsPartitioned => Current.IsPartitioned;

    /// <inheritdoc/>
    public IReadOnlyList<RedisPartition> Partitions => Current.Partitions;

    /// <inheritdoc/>
    public int PartitionOf(ReadOnlySpan<byte> key) => Current.PartitionOf(key);

    /// <inheritdoc/>
    public bool TryGetConnection(ReadOnlySpan<byte> key, [NotNullWhen(true)] out RedisConnection? connection) =>
        Current.TryGetConnection(key, out connection);

    /// <inheritdoc/>
    public async ValueTask<RedisConnection> GetConnectionAsync(
        ReadOnlyMemory<byte> key,
        CancellationToken cancellationToken
    )
    {
        var asked = Current;
        try
        {
            return await asked.GetConnectionAsync(key, cancellationToken).ConfigureAwait(false);
        }
        catch (ConnectException) when (asked != Current)
        {
            return await Current.GetConnectionAsync(key, cancellationToken).ConfigureAwait(false);
        }
    }

    /// <inheritdoc/>
    public void ReportError(RedisConnection connection, RedisErrorKind kind, string? text = null) =>
        Current.ReportError(connection, kind, text);

    /// <inheritdoc/>
    public ValueTask<RedisConnection?> GetRedirectAsync(
        RedisConnection connection,
        string text,
        CancellationToken cancellationToken
    ) => Current.GetRedirectAsync(connection, text, cancellationToken);

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        Task leaving;
        lock (_gate)
        {
            _isDisposed = true;
            leaving = _leaving;
        }

        await leaving.ConfigureAwait(false);
        await Current.DisposeAsync().ConfigureAwait(false);
    }

    private void Switch()
    {
        lock (_gate)
        {
            if (_isDisposed || _current != _single)
            {
                return;
            }

            var cluster = _cluster();
            cluster.Start();
            Volatile.Write(ref _current, cluster);
            // Not on this thread: it is the loop that is to be ended. Those who wait there are
            // told, and ask the cluster.
            _leaving = Task.Run(async () => await _single.DisposeAsync().ConfigureAwait(false));
        }
    }
}
