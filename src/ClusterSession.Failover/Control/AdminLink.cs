using ClusterSession.Redis;
using ClusterSession.Redis.Connection;
using ClusterSession.Transport.Sockets;

namespace ClusterSession.Failover.Control;

/// <summary>
/// One connection to one Redis, made anew when it was lost and is needed again. Thread-safe.
/// </summary>
/// <remarks>
/// It leads to one process: its owner knows the run id of the process that executes what is sent.
/// What waits in a socket that was given up is executed before anything that a later connection
/// carries, since the Redis must have read on to accept that one.
/// </remarks>
internal sealed class AdminLink : IAsyncDisposable
{
    /// <summary>
    /// No pings: the looks, one a second or more, take their place, and no ping may come between
    /// MULTI and EXEC.
    /// </summary>
    private static readonly TimeSpan NoHeartbeat = TimeSpan.FromMinutes(5);

    private readonly RedisEndpoint _endpoint;
    private readonly RedisConnector _connector;
    private readonly Action? _lost;
    private readonly Lock _lock = new();
    private RedisConnection? _current;
    private Task<RedisConnection>? _connecting;
    private bool _isDisposed;

    /// <param name="endpoint">Where the Redis is.</param>
    /// <param name="settings">User, password, times.</param>
    /// <param name="time">The clock.</param>
    /// <param name="lost">Called, on any thread, when the connection was lost.</param>
    /// <param name="role">The role that it must have; null: any.</param>
    public AdminLink(
        RedisEndpoint endpoint,
        ControlSettings settings,
        TimeProvider time,
        Action? lost = null,
        RedisRole? role = null
    )
    {
        _lost = lost;
        var options = settings.Connection.Snapshot();
        options.ClientName = settings.ClientName;
        options.ConnectTimeout = settings.ConnectTimeout;
        (options.CommandTimeout, options.HeartbeatTimeout) = (settings.Silence, settings.Silence);
        (options.HeartbeatInterval, options.NeedsWait) = (NoHeartbeat, false);
        var handshake = new RedisHandshakeOptions(RequiredRole: role);
        (_endpoint, _connector) = (endpoint, new RedisConnector(options, time, null, handshake));
    }

    /// <summary>Where the Redis is.</summary>
    public RedisEndpoint Endpoint => _endpoint;

    /// <summary>The open connection, or a new one.</summary>
    /// <exception cref="ConnectException">There is none.</exception>
    public async Task<RedisConnection> GetAsync(CancellationToken cancellation)
    {
        Task<RedisConnection> connecting;
        lock (_lock)
        {
            ObjectDisposedException.ThrowIf(_isDisposed, this);
            if (_current is { IsClosed: false } open)
            {
                return open;
            }

            // A task of its own: it takes this lock at its end, and a caller that gives up does not
            // stop it.
            connecting = _connecting ??= Task.Run(ConnectAsync, CancellationToken.None);
        }

        return await connecting.WaitAsync(cancellation).ConfigureAwait(false);
    }

    public async ValueTask DisposeAsync()
    {
        RedisConnection? open;
        Task? connecting;
        lock (_lock)
        {
            _isDisposed = true;
            (open, connecting) = (_current, _connecting);
        }

        if (connecting is not null)
        {
            await connecting.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        if (open is not null)
        {
            await open.DisposeAsync().ConfigureAwait(false);
        }
    }

    private async Task<RedisConnection> ConnectAsync()
    {
        RedisConnection? made = null;
        try
        {
            made = await _connector.ConnectAsync(_endpoint, CancellationToken.None).ConfigureAwait(false);
            if (made.Server.RunId.Length == 0)
            {
                throw new ConnectException(
                    ConnectFailure.NotReady,
                    $"{_endpoint} does not show its run id: it is busy with a script, or the user of the connection "
                        + "lacks +info."
                );
            }
        }
        catch when (made is not null)
        {
            await made.DisposeAsync().ConfigureAwait(false);
            throw;
        }
        finally
        {
            lock (_lock)
            {
                _connecting = null;
                _current = made is { IsClosed: false } && !_isDisposed ? made : null;
            }
        }

        if (_isDisposed)
        {
            await made.DisposeAsync().ConfigureAwait(false);
        }
        else if (_lost is { } lost)
        {
            _ = made.Closed.ContinueWith(
                _ => lost(),
                CancellationToken.None,
                TaskContinuationOptions.None,
                TaskScheduler.Default
            );
        }

        return made;
    }
}
