using System.Diagnostics.CodeAnalysis;
using ClusterSession.Redis.Connection;
using ClusterSession.Redis.Protocol;
using ClusterSession.Transport.Sockets;

namespace ClusterSession.Redis.Topology;

/// <summary>A topology that can be replaced by another one while it is used. Thread-safe.</summary>
/// <remarks>
/// <code>
/// MoveTo(next)   next connects, the current one serves on
///                next has a connection: it is the current one; moved() is called; the former one
///                is closed
/// </code>
/// What was sent over the former one and not answered has an unknown outcome, as with any
/// connection that is lost. A move that was overtaken by a later one is given up.
/// </remarks>
internal sealed class MovableTopology(IRedisTopology first, TimeProvider time, Action moved) : IRedisTopology
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(200);

    private readonly Lock _gate = new();
    private readonly CancellationTokenSource _disposing = new();
    private IRedisTopology _current = first;
    private IRedisTopology? _next; // under _gate
    private Task _moving = Task.CompletedTask; // under _gate
    private bool _isDisposed; // under _gate

    private IRedisTopology Current => Volatile.Read(ref _current);

    /// <inheritdoc/>
    public void Start() => Current.Start();

    /// <summary>
    /// Goes over to another topology, one that has not begun to connect, as soon as it has a
    /// connection.
    /// </summary>
    public void MoveTo(IRedisTopology next)
    {
        lock (_gate)
        {
            if (_isDisposed)
            {
                return;
            }

            _next = next;
            // On the pool, because the caller is what reloads the configuration, and connecting
            // takes what it takes.
            _moving = Task.WhenAll(_moving, Task.Run(() => MoveAsync(next)));
        }
    }

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
        Task moving;
        lock (_gate)
        {
            if (_isDisposed)
            {
                return;
            }

            _isDisposed = true;
            moving = _moving;
        }

        await _disposing.CancelAsync().ConfigureAwait(false);
        await moving.ConfigureAwait(false);
        await Current.DisposeAsync().ConfigureAwait(false);
        _disposing.Dispose();
    }

    private async Task MoveAsync(IRedisTopology next)
    {
        next.Start();
        while (!await IsConnectedAsync(next).ConfigureAwait(false))
        {
            lock (_gate)
            {
                if (_next != next || _isDisposed)
                {
                    break;
                }
            }
        }

        var former = next;
        lock (_gate)
        {
            if (_next == next && !_isDisposed)
            {
                former = _current;
                Volatile.Write(ref _current, next);
                _next = null;
            }
        }

        if (former != next)
        {
            moved();
        }

        await former.DisposeAsync().ConfigureAwait(false);
    }

    private async Task<bool> IsConnectedAsync(IRedisTopology topology)
    {
        try
        {
            await topology.GetConnectionAsync(default, _disposing.Token).ConfigureAwait(false);
            return true;
        }
        catch (ConnectException)
        {
            await Task.Delay(Pause, time, CancellationToken.None).ConfigureAwait(false);
            return false;
        }
        catch (OperationCanceledException)
        {
            return false;
        }
    }
}
